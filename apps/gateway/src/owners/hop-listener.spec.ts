import { request } from 'node:https';
import { expect, it } from 'vitest';
import { loadConfig } from '#config';
import { createKeyring, generateMasterKey } from '#crypto';
import { systemClock } from '#kernel';
import { createLogger, createMetrics } from '#observability';
import { peerIdentity, peerTls } from '#outbound';
import { listenForHops } from './hop-listener.js';

it('[OWN-4] what was refused on the internal port is logged without its query, which may name a session', async () => {
  const keyring = createKeyring(generateMasterKey());
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const listener = await listenForHops({
    config: loadConfig({ GATEHOUSE_GATEWAY_INTERNAL_HOST: '127.0.0.1', GATEHOUSE_GATEWAY_INTERNAL_PORT: '0' }),
    keyring,
    clock: systemClock,
    logger: createLogger({ level: 'debug', service: 'gateway', destination }),
    metrics: createMetrics({ processMetrics: false }),
    selfId: 'self',
    processNumber: 1,
    serve: () => expect.unreachable(),
  });
  const status = await new Promise<number>((resolve, reject) => {
    const options = {
      ...peerTls,
      host: '127.0.0.1',
      port: Number(listener.address.split(':').at(-1)),
      path: '/messages?sessionId=secret-session',
      method: 'POST',
      agent: false,
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ psk: keyring.key('hop-transport'), identity: peerIdentity }),
    };
    const sent = request(options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end('{}');
  });
  listener.cut();
  expect(status).toBe(401);
  expect(lines.join('')).toContain('"path":"/messages"');
  expect(lines.join('')).not.toContain('secret-session');
});
