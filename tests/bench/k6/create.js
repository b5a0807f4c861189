// Creates the same 3 kB Patient over and over: what one create costs. SEEDS: JSON lines with a Patient among them.
import http from 'k6/http';
import { check } from 'k6';
import { BASE, headers, scenario, handleSummary } from './common.js';

const patient = open(__ENV.SEEDS).split('\n').find((line) => line.startsWith('{"resourceType":"Patient"'));

export { handleSummary };
export const options = { ...scenario('create', ['create']), discardResponseBodies: true };

export default function () {
  const answer = http.post(`${BASE}/Patient`, patient, { headers, tags: { op: 'create', name: 'create' } });
  check(answer, { created: (a) => a.status === 201 });
}
