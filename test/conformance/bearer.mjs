// Loaded into a referee with --import: adds a bearer token to every request for one origin, because the referees can
// send no header of their own. Node and undici announce each request before its headers go out, so nothing is patched.
import diagnostics from 'node:diagnostics_channel';

const { CONFORMANCE_BEARER: token, CONFORMANCE_ORIGIN: origin } = process.env;
const value = `Bearer ${token}`;

// fetch() of Node and undici's own request(), whichever copy of undici it is.
diagnostics.subscribe('undici:request:create', ({ request }) => {
  if (String(request.origin) === origin) request.addHeader('authorization', value);
});

// http.request(), which tells its target by the Host header only.
diagnostics.subscribe('http.client.request.created', ({ request }) => {
  if (`${request.protocol}//${request.getHeader('host')}` === origin) request.setHeader('authorization', value);
});
