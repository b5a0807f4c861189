// An application of client-js (npm fhirclient): /launch sends the browser to sign in, /callback reads the patient.
const http = require('node:http');
const { createRequire } = require('node:module');

const smart = createRequire(`${process.env.PACKAGE_DIR}/`)('fhirclient');
const { PORT, ISS, CLIENT_ID, SCOPE } = process.env;

// One person at a time: the session of the application is this object.
const kept = new Map();
const storage = {
  get: async (key) => kept.get(key),
  set: async (key, value) => { kept.set(key, value); return value; },
  unset: async (key) => kept.delete(key),
};

async function family(client) {
  return (await client.patient.read()).name[0].family;
}

http.createServer(async (request, response) => {
  request.headers.host = `127.0.0.1:${PORT}`;
  request.protocol = 'http';
  request.secure = false;
  response.status = (code) => { response.statusCode = code; return response; };
  response.redirect = (address) => { response.writeHead(302, { location: address }); response.end(); };
  try {
    const app = smart(request, response, storage);
    if (request.url.startsWith('/launch')) {
      const redirectUri = `http://127.0.0.1:${PORT}/callback`;
      await app.authorize({ iss: ISS, clientId: CLIENT_ID, scope: SCOPE, redirectUri, pkceMode: 'required' });
      return;
    }
    const client = await app.ready();
    const told = { patient: await family(client), fhirUser: client.user.fhirUser };
    client.environment.options.refreshTokenWithClientId = true; // a public client says who it is: RFC 6749 6
    await client.refresh();
    told.refreshed = await family(client);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(told));
  } catch (error) {
    response.statusCode = 500;
    response.end(JSON.stringify({ error: String(error.stack || error) }));
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log('listening'));
