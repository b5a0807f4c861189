// What the workloads share. Environment: BASE_URL (FHIR base), VUS, DURATION, TOKEN (bearer, optional).
export const BASE = __ENV.BASE_URL;
export const headers = { 'Content-Type': 'application/fhir+json', Accept: 'application/fhir+json' };
if (__ENV.TOKEN) headers.Authorization = `Bearer ${__ENV.TOKEN}`;

export const scenario = (name, operations) => ({
  scenarios: {
    [name]: {
      executor: 'constant-vus', vus: Number(__ENV.VUS || 16), duration: __ENV.DURATION || '30s', gracefulStop: '20s',
    },
  },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
  thresholds: Object.fromEntries(operations.map((name) => [`http_req_duration{op:${name}}`, ['max>=0']])),
});

// One JSON object on the last line of stdout: what the harness reads.
export function handleSummary(data) {
  const metrics = data.metrics;
  const out = {
    requests: metrics.http_reqs.values.count,
    requests_per_second: metrics.http_reqs.values.rate,
    failed: metrics.checks ? metrics.checks.values.fails : 0,
    operations: {},
  };
  for (const key of Object.keys(metrics)) {
    const match = key.match(/^http_req_duration\{op:(.+)\}$/);
    const values = metrics[key].values;
    if (match) out.operations[match[1]] = { p50: values.med, p95: values['p(95)'], p99: values['p(99)'], max: values.max };
  }
  if (metrics.resources) out.resources_per_second = metrics.resources.values.rate;
  if (metrics.resources) out.resources = metrics.resources.values.count;
  return { stdout: `\n${JSON.stringify(out)}\n` };
}
