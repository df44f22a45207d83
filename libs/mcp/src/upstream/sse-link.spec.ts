import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  connectTo,
  eventData,
  eventStream,
  linkAnswer,
  linkRequest,
  plainClient,
  recordMessages,
  startFixtureServer,
  startScriptedServer,
  type ScriptedRequest,
} from '#testing';
import { openLink } from './open-link.js';
import { probeUpstream } from './probe-upstream.js';

describe('a link over HTTP+SSE', () => {
  const sse = (endpoint: string, onPost: (received: ScriptedRequest, stream: ServerResponse | null) => unknown) => {
    let stream: ServerResponse | null = null;
    return startScriptedServer((received) => {
      const { request: got, response, message } = received;
      if (got.method === 'GET') {
        stream = eventStream(response, `event: endpoint\ndata: ${endpoint}\n\n`);
        return;
      }
      if (got.url !== '/messages?s=1') {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(202).end('Accepted');
      if (message['method'] === 'initialize')
        stream?.write(
          eventData({
            id: message['id'],
            result: { protocolVersion: '2024-11-05', capabilities: {}, serverInfo: { name: 'old', version: '1' } },
          }),
        );
      else onPost(received, stream);
    }, 'none');
  };

  it('[LNK-13] is found by a probe, calls by id, and fails what waits when its stream ends', async () => {
    const heard = recordMessages();
    await using server = await sse('/messages?s=1', ({ message }, stream) => {
      if (message['method'] === 'end') stream?.end();
      if (message['method'] !== 'tools/call') return;
      stream?.write(eventData({ method: 'notifications/progress', params: { progressToken: message['id'] } }));
      stream?.write(eventData({ id: message['id'], result: { of: message['id'] } }));
    });
    await expect(probeUpstream(connectTo(server.url))).resolves.toMatchObject({
      era: 'LEGACY',
      protocolVersion: '2024-11-05',
      transport: 'SSE',
    });
    let closed = 0;
    const connection = connectTo(server.url, { transport: 'SSE' });
    const link = await openLink(connection, null, { ...plainClient, onClosed: () => void closed++ });
    const { messages } = heard;
    const [one, two] = [linkRequest(link, 'tools/call', { messages }), linkRequest(link, 'tools/call', { messages })];
    expect(await Promise.all([one, two].map((call) => linkAnswer(link.call(call))))).toEqual([
      { of: one.id },
      { of: two.id },
    ]);
    expect(heard.heard).toEqual(['notifications/progress', 'notifications/progress']);
    await expect(link.call(linkRequest(link, 'end'))).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' });
    expect([link.closed, closed]).toEqual([true, 1]);
    await expect(link.call(linkRequest(link))).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' });
  });

  it.each(['http://127.0.0.2/messages', 'https://evil.example/', '//evil.example/x', 'http://['])(
    '[LNK-8] refuses %s as address of requests',
    async (endpoint) => {
      await using server = await sse(endpoint, () => undefined);
      await expect(openLink(connectTo(server.url, { transport: 'SSE' }), null, plainClient)).rejects.toMatchObject({
        code: 'UPSTREAM_NOT_MCP',
        message: expect.stringMatching(/"crm".*another origin/),
      });
      expect(server.methods().filter((method) => method !== 'GET')).not.toContain('initialize');
    },
  );

  it('says what is wrong with an address that has no event stream', async () => {
    await using server = await startScriptedServer(
      ({ response }) => response.writeHead(200).end('<h1>Hello</h1>'),
      'none',
    );
    await expect(
      openLink(connectTo(server.url, { transport: 'SSE' }), { era: 'LEGACY', protocolVersion: null }, plainClient),
    ).rejects.toMatchObject({
      code: 'UPSTREAM_NOT_MCP',
      message: expect.stringMatching(/no event stream.*\/sse/),
    });
    await using modern = await startFixtureServer({ era: 'modern' });
    await expect(openLink(connectTo(modern.url, { transport: 'SSE' }), null, plainClient)).resolves.toMatchObject({
      identity: { era: 'MODERN', transport: 'STREAMABLE_HTTP' },
    });
  });
});
