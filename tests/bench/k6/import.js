// Posts whole dossiers as transaction bundles. BUNDLES: JSON lines, one bundle a line.
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import { BASE, headers, scenario, handleSummary } from './common.js';

const bundles = new SharedArray('bundles', () => open(__ENV.BUNDLES).split('\n').filter((line) => line));
const resources = new Counter('resources');

export { handleSummary };
export const options = { ...scenario('import', ['bundle']), discardResponseBodies: true };

export default function () {
  const bundle = bundles[exec.scenario.iterationInTest % bundles.length];
  const answer = http.post(BASE, bundle, { headers, timeout: '300s', tags: { op: 'bundle', name: 'bundle' } });
  if (check(answer, { imported: (a) => a.status === 200 })) resources.add((bundle.match(/"request":/g) || []).length);
}
