// Asks for addresses in turn, each under the name of its shape. URLS: {"shape": ["Patient?name=x", ...], ...} as JSON.
// PAUSE (seconds, optional): how long each client thinks between two requests.
import http from 'k6/http';
import { check, sleep } from 'k6';
import { SharedArray } from 'k6/data';
import { BASE, headers, scenario, handleSummary } from './common.js';

const shapes = new SharedArray('shapes', () => Object.entries(JSON.parse(open(__ENV.URLS))));
const names = Array.from(shapes, ([name]) => name);
const PAUSE = Number(__ENV.PAUSE || 0);

export { handleSummary };
export const options = { ...scenario('get', names), discardResponseBodies: true };

export default function () {
  const [op, urls] = shapes[(__ITER + __VU * 7) % names.length];
  const url = urls[Math.floor(Math.random() * urls.length)];
  check(http.get(`${BASE}/${url}`, { headers, tags: { op, name: op } }), { ok: (a) => a.status === 200 });
  if (PAUSE) sleep(PAUSE);
}
