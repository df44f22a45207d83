import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startControlPlane } from '../../apps/control-plane/src/bootstrap.js';
import { graphql, startTestControlPlane, type TestControlPlane } from './control-plane-harness.js';

describe('the control plane over HTTP', () => {
  let cp: TestControlPlane;

  beforeAll(async () => {
    cp = await startTestControlPlane();
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${cp.url}${path}`, { headers });

  it('says that it is alive and ready, and not ready while it stops', async () => {
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 200]);
    cp.running.setReady(false);
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 503]);
    cp.running.setReady(true);
    expect((await get('/readyz')).status).toBe(200);
  });

  it('serves robots.txt and security.txt (RFC 9116)', async () => {
    expect(await (await get('/robots.txt')).text()).toBe('User-agent: *\nDisallow: /\n');
    const text = await (await get('/.well-known/security.txt', { host: 'evil.example' })).text();
    expect(text).toMatch(
      /^Contact: mailto:security@127\.0\.0\.1\nExpires: \d{4}-.*Z\nCanonical: http:\/\/127\.0\.0\.1:\d+\/\.well-known\/security\.txt\n$/,
    );
    expect(Date.parse(/Expires: (.*)/.exec(text)?.[1] ?? '')).toBeGreaterThan(Date.now());
  });

  it('sends security headers with every answer and no sign of its make', async () => {
    for (const path of ['/healthz', '/auth/setup', '/nowhere', '/graphql']) {
      const { headers } = await get(path);
      expect({ path, ...Object.fromEntries(headers) }).toMatchObject({
        path,
        'content-security-policy': expect.stringMatching(/^default-src 'none';/) as string,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
      expect([headers.get('x-powered-by'), headers.get('strict-transport-security')]).toEqual([null, null]);
    }
  });

  it('takes a safe correlation id over and makes one instead of an unsafe one [OBS-4]', async () => {
    const idFor = async (given: string) =>
      (await get('/healthz', { 'x-request-id': given })).headers.get('x-request-id');
    expect(await idFor('trace-0123.abc')).toBe('trace-0123.abc');
    for (const bad of ['short', 'a b c d e f', 'x'.repeat(65), 'gth_abcdefgh', '{"level":"error"}']) {
      expect([bad, await idFor(bad)]).toEqual([bad, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    }
  });

  it('never builds an address from the Host header', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      const { port } = cp.running.address;
      const sent = request(
        { port, host: '127.0.0.1', path: '/.well-known/security.txt', headers: { host: 'evil.example' } },
        (answer) => {
          let body = '';
          answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
          answer.on('end', () => resolve(body));
        },
      );
      sent.on('error', reject).end();
    });
    expect(text).not.toContain('evil.example');
  });

  it('answers GraphQL only when somebody is known, except for signing in [BAD-1]', async () => {
    const answer = await graphql(cp.url, '{ viewer { user { email } } }');
    expect(answer.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect((await graphql(cp.url, 'mutation { signOut { signedOut } }')).data.signOut.signedOut).toBe(false);
  });

  it('answers an unknown address without repeating it', async () => {
    for (const path of ['/nowhere', '//graphql', '/auth/<script>', '/graphql%2f']) {
      const answer = await get(path);
      const text = await answer.text();
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
        ...[path, 404, 'application/json; charset=utf-8'],
      ]);
      expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
      expect(text).not.toMatch(/nowhere|script/);
    }
  });

  it('names the port and the setting when the port is in use', async () => {
    const other: Server = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const config = { ...cp.deps.config, controlPlane: { ...cp.deps.config.controlPlane, port } };
    const failure = await startControlPlane({ ...cp.deps, config }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringMatching(new RegExp(`${port}.*GATEHOUSE_CONTROL_PLANE_PORT`)) as string,
    });
    await new Promise((resolve) => other.close(resolve));
  });

  it('answers 503, not a stack, while the database is away', async () => {
    const away = await startTestControlPlane();
    const user = await away.seed.user(away.organizationId);
    Object.assign(away.deps.systemPool, { query: () => Promise.reject(new Error('connection refused to 10.0.0.7')) });
    expect((await fetch(`${away.url}/readyz`)).status).toBe(503);
    const answer = await user.query('{ viewer { user { email } } }');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('10.0.0.7');
    expect(answer.errors[0]?.extensions).toEqual({
      code: 'INTERNAL',
      correlationId: answer.headers.get('x-request-id'),
    });
    await away[Symbol.asyncDispose]();
  });

  it('finishes requests in flight before it stops, and takes no more', async () => {
    const stopping = await startTestControlPlane();
    const owner = await stopping.seed.user(stopping.organizationId, { organizationRole: 'organization-owner' });
    const read = stopping.deps.unitOfWork.read.bind(stopping.deps.unitOfWork);
    let started: () => void = () => undefined;
    const running = new Promise<void>((resolve) => (started = resolve));
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    stopping.deps.unitOfWork.read = async (ctx, fn) => {
      started();
      await gate;
      return read(ctx, fn);
    };
    const slow = owner.query('{ teams { edges { cursor } } }');
    await running;
    const stopped = stopping.running.stop(10_000);
    await expect(fetch(`${stopping.url}/healthz`)).rejects.toThrow('fetch failed');
    release();
    expect((await slow).data.teams.edges).toEqual([]);
    await stopped;
  });
});
