// Takes fhir-kit-client through its whole range against BASE_URL; prints one line of JSON: step -> "ok" or what went wrong.
const { createRequire } = require('node:module');

const Client = (() => {
  const found = createRequire(`${process.env.PACKAGE_DIR}/`)('fhir-kit-client');
  return found.default || found;
})();

const client = new Client({ baseUrl: process.env.BASE_URL });
const results = {};
const expect = (condition, said) => { if (!condition) throw new Error(said); };
const ids = (bundle) => (bundle.entry || []).map((entry) => entry.resource.id);
const person = (family, given = 'Élise') => ({ resourceType: 'Patient', name: [{ family, given: [given] }] });

async function step(name, act) {
  try {
    await act();
    results[name] = 'ok';
  } catch (error) {
    const told = error.response ? ` ${error.response.status} ${JSON.stringify(error.response.data).slice(0, 400)}` : '';
    results[name] = `${error.message}${told}`;
  }
}

const refused = async (status, act) => {
  try {
    await act();
  } catch (error) {
    expect(error.response && error.response.status === status, `${status} expected: ${error.message}`);
    return;
  }
  throw new Error(`${status} expected, and it went through`);
};

async function main() {
  let made;
  await step('capabilityStatement', async () => {
    const statement = await client.capabilityStatement();
    expect(statement.fhirVersion === '4.0.1', statement.fhirVersion);
  });
  await step('create', async () => {
    made = await client.create({ resourceType: 'Patient', body: person('Kit') });
    expect(made.id && made.meta.versionId === '1', JSON.stringify(made));
  });
  await step('read', async () => {
    const read = await client.read({ resourceType: 'Patient', id: made.id });
    expect(read.name[0].given[0] === 'Élise', JSON.stringify(read));
  });
  await step('update', async () => {
    const updated = await client.update({ resourceType: 'Patient', id: made.id, body: { ...made, gender: 'female' } });
    expect(updated.gender === 'female' && updated.meta.versionId === '2', JSON.stringify(updated));
  });
  await step('conditional update', async () => {
    const searchParams = { family: 'Kit', gender: 'female' };
    const updated = await client.update({ resourceType: 'Patient', searchParams, body: { ...person('Kit'), gender: 'male' } });
    expect(updated.id === made.id && updated.meta.versionId === '3', JSON.stringify(updated));
  });
  await step('vread', async () => {
    const first = await client.vread({ resourceType: 'Patient', id: made.id, version: '1' });
    expect(first.gender === undefined && first.meta.versionId === '1', JSON.stringify(first));
  });
  await step('patch', async () => {
    const JSONPatch = [{ op: 'replace', path: '/gender', value: 'other' }];
    const patched = await client.patch({ resourceType: 'Patient', id: made.id, JSONPatch });
    expect(patched.gender === 'other', JSON.stringify(patched));
  });
  await step('resourceHistory', async () => {
    const history = await client.resourceHistory({ resourceType: 'Patient', id: made.id });
    const versions = history.entry.map((entry) => entry.resource.meta.versionId);
    expect(versions.join() === '4,3,2,1', versions.join());
  });
  await step('typeHistory', async () => {
    const history = await client.typeHistory({ resourceType: 'Patient' });
    expect(history.type === 'history' && history.entry.length >= 4, history.type);
  });
  await step('systemHistory', async () => {
    const history = await client.systemHistory();
    expect(history.type === 'history' && history.entry.length >= 4, history.type);
  });
  await step('resolve', async () => {
    const found = await client.resolve({ reference: `Patient/${made.id}` });
    expect(found.id === made.id, JSON.stringify(found));
  });
  await step('batch', async () => {
    const entry = [
      { request: { method: 'GET', url: `Patient/${made.id}` } },
      { request: { method: 'GET', url: 'Patient/nobody' } },
    ];
    const answer = await client.batch({ body: { resourceType: 'Bundle', type: 'batch', entry } });
    expect(answer.entry.map((e) => e.response.status.slice(0, 3)).join() === '200,404', JSON.stringify(answer));
  });
  await step('transaction', async () => {
    const fullUrl = 'urn:uuid:6f0a8a4e-0f0e-4c35-8e0a-222222222222';
    const entry = [
      { fullUrl, resource: person('Kitbundle'), request: { method: 'POST', url: 'Patient' } },
      {
        resource: { resourceType: 'Condition', subject: { reference: fullUrl }, code: { text: 'x' } },
        request: { method: 'POST', url: 'Condition' },
      },
    ];
    const answer = await client.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry } });
    expect(answer.type === 'transaction-response' && answer.entry.length === 2, JSON.stringify(answer));
  });
  await step('compartmentSearch', async () => {
    const patient = ids(await client.search({ resourceType: 'Patient', searchParams: { family: 'Kitbundle' } }))[0];
    const compartment = { resourceType: 'Patient', id: patient };
    const found = await client.compartmentSearch({ resourceType: 'Condition', compartment });
    expect(ids(found).length === 1, JSON.stringify(found));
  });
  await step('search pages both ways', async () => {
    for (let n = 0; n < 7; n += 1) await client.create({ resourceType: 'Patient', body: person('Kitpage', `n${n}`) });
    const first = await client.resourceSearch({ resourceType: 'Patient', searchParams: { family: 'Kitpage', _count: 3 } });
    const second = await client.nextPage({ bundle: first });
    const third = await client.nextPage({ bundle: second });
    const seen = [...ids(first), ...ids(second), ...ids(third)];
    expect(new Set(seen).size === 7 && seen.length === 7, seen.join());
    expect((await client.nextPage({ bundle: third })) === undefined, 'a page after the last');
    const back = await client.prevPage({ bundle: second });
    expect(back === undefined || ids(back).join() === ids(first).join(), 'the page before is another one');
  });
  await step('search by POST', async () => {
    const found = await client.resourceSearch({
      resourceType: 'Patient', searchParams: { family: 'Kitpage' }, options: { postSearch: true },
    });
    expect(ids(found).length === 7, JSON.stringify(found));
  });
  await step('systemSearch', async () => {
    const found = await client.systemSearch({ searchParams: { _type: 'Patient', _id: made.id } });
    expect(ids(found).join() === made.id, JSON.stringify(found));
  });
  await step('operation', async () => {
    const input = { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: person('Kit') }] };
    const outcome = await client.operation({ name: 'validate', resourceType: 'Patient', input });
    expect(outcome.resourceType === 'OperationOutcome', JSON.stringify(outcome));
  });
  await step('everything', async () => {
    const all = await client.operation({ name: 'everything', resourceType: 'Patient', id: made.id, method: 'GET' });
    expect(ids(all).includes(made.id), JSON.stringify(all));
  });
  await step('delete', async () => {
    await client.delete({ resourceType: 'Patient', id: made.id });
    await refused(410, () => client.read({ resourceType: 'Patient', id: made.id }));
  });
  await step('not found', () => refused(404, () => client.read({ resourceType: 'Patient', id: 'nobody' })));
  await step('invalid', () => refused(400, () => client.create({
    resourceType: 'Patient', body: { resourceType: 'Patient', unknown: 1 },
  })));
  process.stdout.write(`${JSON.stringify(results)}\n`);
}

main();
