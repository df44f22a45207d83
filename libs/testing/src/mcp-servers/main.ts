import { parseArgs } from 'node:util';
import { startFixtureServer } from './start-fixture-server.js';

/** Runs a fixture server as a process of its own and prints `{"url":…}` once it listens. */
const { values } = parseArgs({
  options: {
    era: { type: 'string', default: 'dual' },
    port: { type: 'string', default: '0' },
    'page-size': { type: 'string' },
    sessions: { type: 'boolean', default: false },
    sse: { type: 'boolean', default: false },
    token: { type: 'string' },
  },
});
const { era, token } = values;
if (era !== 'legacy' && era !== 'modern' && era !== 'dual') throw new Error('--era must be legacy, modern or dual');

const server = await startFixtureServer({
  era,
  port: Number(values.port),
  sessions: values.sessions,
  sse: values.sse,
  ...(values['page-size'] === undefined ? {} : { pageSize: Number(values['page-size']) }),
  ...(token === undefined ? {} : { token }),
});
process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
const stop = () => void server.close();
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
