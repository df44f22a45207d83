import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream, postMcp, until, type McpAnswer } from '#testing';
import {
  capabilities,
  eraOnly,
  HostileUpstream,
  linkedResult,
  noise,
  oddArguments,
  oddMembers,
  oddResult,
  oddStructured,
  oddTool,
  plainMeta,
  strangeResults,
} from './hostile-upstream.js';
import { compose, entriesOf, startMcpWorld, type McpWorld } from './mcp-world.js';

// Everything that the protocol allows and nobody expects, and what of it reaches whom.

type Json = Record<string, unknown>;
type Era = 'legacy' | 'modern';

const eras = ['legacy', 'modern'] as const;
const version = { legacy: '2025-11-25', modern: '2026-07-28' } as const;

let world: McpWorld;
const upstreams = {} as Record<Era, HostileUpstream>;

beforeAll(async () => {
  world = await startMcpWorld();
  for (const era of eras) {
    upstreams[era] = await new HostileUpstream(era).start();
    const id = await addUpstream(world.admin, era, upstreams[era].url);
    await compose(world.admin, era, await entriesOf(world.admin, id));
  }
  await until('all are served', async () => {
    const answers = await Promise.all(['/mcp', '/servers/modern/mcp'].map((path) => ask('legacy', path, 'tools/list')));
    return answers.every(({ text }) => text.includes('unheard'));
  });
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  for (const era of eras) await upstreams[era]?.[Symbol.asyncDispose]();
});

const envelopes = {
  legacy: '',
  modern: `"io.modelcontextprotocol/protocolVersion":"${version.modern}","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"e2e","version":"1","vendor":1.0},`,
} as const;

/** A request as one era writes it, with `params` (JSON text without braces) before its `_meta`. */
const requestText = (era: Era, method: string, params: string, id = '7') =>
  `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":{${params === '' ? '' : `${params},`}"_meta":{${envelopes[era]}"vendor.example/a":1e2}}}`;

function ask(era: Era, path: string, method: string, params = '', id = '7'): Promise<McpAnswer> {
  const name = /"name":"([^"]*)"/.exec(params)?.[1];
  const modern = { 'mcp-method': method, ...(name === undefined ? {} : { 'mcp-name': name }) };
  return postMcp(world.at(path), world.token, requestText(era, method, params, id), {
    'mcp-protocol-version': version[era],
    ...(era === 'modern' ? modern : {}),
  });
}

const callParams = (name: string) => `"name":"${name}","arguments":${oddArguments},"vendorParam":[1.0]`;
/** The JSON-RPC messages of an answer, each as it was spelled. */
const messageTexts = ({ headers, text }: McpAnswer): string[] =>
  headers.get('content-type')?.startsWith('text/event-stream')
    ? text
        .split('\n\n')
        .map((event) =>
          event
            .split('\n')
            .filter((line) => line.startsWith('data:'))
            .map((line) => line.slice(5).trimStart())
            .join('\n'),
        )
        .filter((data) => data !== '')
    : [text];

const doors = [
  { door: 'pass-through', path: (slug: string) => `/upstreams/${slug}/mcp`, name: (_: string, name: string) => name },
  { door: 'virtual server', path: (slug: string) => `/servers/${slug}/mcp`, name: (_: string, name: string) => name },
  { door: 'aggregate', path: () => '/mcp', name: (slug: string, name: string) => `${slug}__${name}` },
] as const;
const cells = doors.flatMap((one) =>
  eras.flatMap((client) => eras.map((upstream) => Object.assign({ client, upstream, same: client === upstream }, one))),
);
const same = cells.filter((cell) => cell.same);
const bridged = cells.filter((cell) => !cell.same);

describe.each(same)('$client client, $upstream upstream, $door', ({ client, door, name, path, upstream }) => {
  it('[HOS-1] a call reaches the upstream as it was spelled, but for the name', async () => {
    await ask(client, path(upstream), 'tools/call', callParams(name(upstream, 'odd')));
    expect(upstreams[upstream].received.at(-1)?.text).toBe(requestText(client, 'tools/call', callParams('odd')));
  });

  it.each(['7', '0', '-3', '"7"', '"odd \\u00fc"'])(
    '[HOS-1] its answer comes back byte for byte, id %s',
    async (id) => {
      const { status, text } = await ask(client, path(upstream), 'tools/call', callParams(name(upstream, 'odd')), id);
      expect(status).toBe(200);
      expect(text).toBe(upstreams[upstream].envelope(JSON.parse(id), oddResult(client)));
    },
  );

  it('[HOS-4] unknown notifications come through a pass-through as they are, and nowhere else', async () => {
    const answer = await ask(client, path(upstream), 'tools/call', `"name":"${name(upstream, 'noisy')}"`);
    const texts = messageTexts(answer);
    expect(texts.slice(0, -1)).toEqual(door === 'pass-through' ? noise : []);
    expect(texts.at(-1)).toContain(oddResult(client));
  });
});

describe.each(bridged)('$client client, $upstream upstream, $door', ({ client, name, path, upstream }) => {
  it('[HOS-2] what a call says reaches the upstream as it was spelled', async () => {
    await ask(client, path(upstream), 'tools/call', callParams(name(upstream, 'odd')));
    const { text = '' } = upstreams[upstream].received.at(-1) ?? {};
    for (const part of [callParams('odd'), '"vendor.example/a":1e2']) expect(text).toContain(part);
    const { params } = JSON.parse(text) as { params: { _meta: Json } };
    expect(Object.keys(params).toSorted()).toEqual(['_meta', 'arguments', 'name', 'vendorParam']);
    const envelope = Object.keys(params._meta).filter((key) => key.startsWith('io.modelcontextprotocol/'));
    expect(envelope).toHaveLength(upstream === 'modern' ? 3 : 0);
  });

  it('[HOS-2] its answer is fitted by its documented members, and nothing else', async () => {
    const { status, text } = await ask(client, path(upstream), 'tools/call', callParams(name(upstream, 'odd')));
    expect(status).toBe(200);
    for (const member of oddMembers) expect(text).toContain(member);
    const { result } = JSON.parse(text) as { result: Json };
    if (client === 'legacy') {
      expect(text).toContain(`{${[...oddMembers, plainMeta].join(',')}}`);
      return;
    }
    const { resultType, ...rest } = result;
    expect(resultType).toBe('complete');
    expect(text).toContain(oddStructured);
    expect(text).toContain('"vendor.example/result":[1.10]');
    const original = JSON.parse(oddResult('legacy')) as { _meta: Json };
    const _meta = {
      ...original._meta,
      'io.modelcontextprotocol/serverInfo': expect.objectContaining({ name: 'gatehouse' }),
    };
    expect(rest).toEqual({ ...original, _meta });
  });

  it('[HOS-4] unknown notifications are not passed on, and the answer comes', async () => {
    const answer = await ask(client, path(upstream), 'tools/call', `"name":"${name(upstream, 'noisy')}"`);
    const texts = messageTexts(answer);
    expect(texts).toHaveLength(1);
    for (const member of oddMembers) expect(texts[0]).toContain(member);
  });
});

describe.each(cells)(
  '$client client, $upstream upstream, $door: lists',
  ({ client, door, name, path, same: isSame, upstream }) => {
    it('[HOS-3] definitions are as the upstream spells them, but for the name', async () => {
      const first = await ask(client, path(upstream), 'tools/list');
      expect(first.text).toContain(oddTool(name(upstream, 'odd')));
      if (door === 'pass-through' && isSame) {
        // The upstream's own pages, its empty cursor included.
        expect(first.text).toBe(upstreams[upstream].envelope(7, upstreams[upstream].page(undefined)));
        const second = await ask(client, path(upstream), 'tools/list', '"cursor":""');
        expect(second.text).toBe(upstreams[upstream].envelope(7, upstreams[upstream].page('')));
        return;
      }
      // Composed lists have pages of their own.
      const rest = door === 'pass-through' ? await ask(client, path(upstream), 'tools/list', '"cursor":""') : first;
      const noisy = `"name":"${name(upstream, 'noisy')}","inputSchema":{"type":"object"}`;
      expect(rest.text).toContain(isSame ? noisy + eraOnly[upstream] : `${noisy}}`);
    });

    it('[HOS-6] vendor capabilities are offered where they are relayed', async () => {
      const method = client === 'legacy' ? 'initialize' : 'server/discover';
      const begin = `"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"e2e","version":"1"}`;
      const { body, text } = await ask(client, path(upstream), method, client === 'legacy' ? begin : '');
      const offered = body?.result?.['capabilities'] as Json;
      expect((offered['extensions'] as Json)['io.modelcontextprotocol/ui']).toEqual({
        mimeTypes: ['text/html;profile=mcp-app'],
      });
      if (door !== 'pass-through') {
        expect(offered).not.toHaveProperty('vendorCapability');
        expect(offered['extensions']).not.toHaveProperty('vendor.example/x');
      } else if (isSame) expect(text).toContain(`"capabilities":${capabilities}`);
    });
  },
);

describe.each(cells)(
  '$client client, $upstream upstream, $door: links',
  ({ client, door, name, path, same: isSame, upstream }) => {
    it('[HOS-1] [HOS-2] only the URIs that the protocol knows are changed, and where there are prefixes only', async () => {
      const { text } = await ask(client, path(upstream), 'tools/call', `"name":"${name(upstream, 'linked')}"`);
      const spell = (uri: string) => (door === 'aggregate' ? `gatehouse:${upstream}:${uri}` : uri);
      if (isSame || client === 'legacy') expect(text).toContain(linkedResult(client, spell));
      // Towards modern clients, members are added at the end.
      else expect(text).toContain(linkedResult('legacy', spell).slice(0, -1));
    });
  },
);

describe.each(doors)('results of unknown types, $door', ({ door, name, path }) => {
  it.each(Object.entries(strangeResults))('[HOS-5] %s', async (tool, result) => {
    const call = (era: Era) => ask(era, path('modern'), 'tools/call', `"name":"${name('modern', tool)}"`);
    const { text } = await call('modern');
    if (tool === 'task' && door !== 'pass-through') expect(text).toContain('"resultType":"task"');
    else expect(text).toBe(upstreams.modern.envelope(7, result));
    const { body, status } = await call('legacy');
    const reason = tool === 'task' ? 'TASK' : 'UNKNOWN_RESULT_TYPE';
    expect([status, body?.error]).toMatchObject([200, { code: -31002, data: { reason, upstream: 'modern' } }]);
    expect(body).not.toHaveProperty('result');
  });
});
