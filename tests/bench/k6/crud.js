// Creates nine linked resources, then reads, updates and deletes each: the mix of the public FHIR benchmark.
// SEEDS: one resource of each type, JSON lines.
import http from 'k6/http';
import { check } from 'k6';
import { BASE, headers, scenario, handleSummary } from './common.js';

const ORDER = ['Organization', 'Practitioner', 'Patient', 'Encounter', 'Observation', 'Condition', 'MedicationRequest',
  'Procedure', 'Immunization'];
const seeds = {};
for (const line of open(__ENV.SEEDS).split('\n')) {
  if (line) { const seed = JSON.parse(line); seeds[seed.resourceType] = seed; }
}

export { handleSummary };
export const options = scenario('crud', ['create', 'read', 'update', 'delete']);

// Seeds refer by urn:uuid: what a role needs is told by the role alone.
const ROLES = { subject: 'Patient', patient: 'Patient', encounter: 'Encounter', individual: 'Practitioner',
  requester: 'Practitioner', serviceProvider: 'Organization', reasonReference: 'Condition' };

function link(seed, ids) {
  const out = {};
  for (const key of Object.keys(seed)) {
    const type = ROLES[key];
    if (type && ids[type]) out[key] = pointed(seed[key], `${type}/${ids[type]}`);
    else if (Array.isArray(seed[key])) out[key] = seed[key].map((v) => (v && typeof v === 'object' ? link(v, ids) : v));
    else if (seed[key] && typeof seed[key] === 'object') out[key] = link(seed[key], ids);
    else out[key] = seed[key];
  }
  return out;
}

const pointed = (value, reference) => (Array.isArray(value) ? value.map((v) => ({ ...v, reference })) : { ...value, reference });

export default function () {
  const parameters = (op) => ({ headers, tags: { op, name: op } });
  const ids = {};
  const made = [];
  for (const type of ORDER) {
    const body = link(seeds[type], ids);
    delete body.id;
    delete body.meta;
    const answer = http.post(`${BASE}/${type}`, JSON.stringify(body), parameters('create'));
    if (!check(answer, { created: (a) => a.status === 201 })) continue;
    const created = answer.json();
    ids[type] = created.id;
    made.push(created);
  }
  for (const { resourceType, id } of made) {
    check(http.get(`${BASE}/${resourceType}/${id}`, parameters('read')), { read: (a) => a.status === 200 });
  }
  for (const resource of made) {
    resource.language = resource.language === 'fr' ? 'en' : 'fr';
    const answer = http.put(`${BASE}/${resource.resourceType}/${resource.id}`, JSON.stringify(resource), parameters('update'));
    check(answer, { updated: (a) => a.status === 200 });
  }
  for (const { resourceType, id } of made.slice().reverse()) {
    const answer = http.del(`${BASE}/${resourceType}/${id}`, null, parameters('delete'));
    check(answer, { deleted: (a) => a.status === 200 || a.status === 204 });
  }
}
