import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BodyStream, ForwardReply } from '#outbound';
import type { ReplyContext } from '../bridge/reply-context.js';
import { translateUpstreamReply } from '../bridge/translate-upstream-reply.js';
import { META } from '../era/protocol-versions.js';
import { parseStrictText } from '../json/parse-strict-json.js';
import { readReply } from './read-reply.js';
import { streamedAnswer } from './streamed-answer.js';
import type { HttpConnection } from './upstream-connection.js';

const connection = { name: 'up' } as unknown as HttpConnection;
const sentId = 5;

const bodyOf = (chunks: readonly Buffer[]): BodyStream => ({
  length: null,
  pipe: async (sink) => {
    for (const chunk of chunks) await sink(chunk);
  },
  cancel: () => undefined,
});
const replyOf = (body: Buffer, stream: BodyStream | null): ForwardReply => ({ status: 200, headers: {}, body, stream });

/** What becomes of an answer that comes in these pieces: what the client gets, or the error. */
async function stream(context: ReplyContext, chunks: readonly Buffer[]) {
  const body = bodyOf(chunks);
  const passed: Buffer[] = [];
  const answer = streamedAnswer(connection, sentId, { ...replyOf(Buffer.alloc(0), body), stream: body }, null);
  try {
    const reply = await answer.pipe(context, () => (piece) => void passed.push(piece));
    if (reply.kind === 'passed') return { way: 'passed', outcome: reply.outcome, body: Buffer.concat(passed) } as const;
    expect(passed).toEqual([]);
    const { body: held, outcome } = translateUpstreamReply({ ...context, reply });
    return { way: 'held', outcome, body: Buffer.from(held) } as const;
  } catch (error) {
    return { way: 'failed', error, body: Buffer.concat(passed) } as const;
  }
}

/** What the same answer becomes when it is there as a whole; null: it is none. */
function whole(context: ReplyContext, bytes: Buffer) {
  try {
    return translateUpstreamReply({ ...context, reply: readReply(connection, sentId, replyOf(bytes, null), null) });
  } catch {
    return null;
  }
}

/** A value to compare: the members of objects in any order, numbers as they stand in the text. */
const valueOf = (text: Buffer | string): unknown =>
  JSON.parse(text.toString(), ((_key: string, value: unknown, { source }: { source: string }) =>
    typeof value === 'number' ? { number: source } : value) as (key: string, value: unknown) => unknown);

const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
};

// Texts rather than values: white space, escapes and digits have to come through.
type Text = fc.Arbitrary<string>;
const space = fc.constantFrom('', '', '', ' ', '\n\t');
const string: Text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"\\ud83d\\ude00"', '"\\/\\"{"', '"]}\\\\"', '"\\ud800"'),
);
const scalar: Text = fc.oneof(string, fc.constantFrom('1.0', '-0', '1e400', '12345678901234567890', 'true', 'null'));
const spell = (name: string): Text =>
  fc.constantFrom(
    JSON.stringify(name),
    JSON.stringify(name),
    `"\\u${(name.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}${name.slice(1)}"`,
  );
const joined = (open: string, parts: readonly Text[], close: string): Text =>
  fc.tuple(space, ...parts.flatMap((part) => [part, space])).map(([first, ...rest]) => {
    const members = parts.map((_, index) => `${rest[2 * index] ?? ''}${rest[2 * index + 1] ?? ''}`);
    return `${open}${first}${members.join(`,${first}`)}${close}`;
  });
/** An object with most of these members, in any order. */
const object = (members: Readonly<Record<string, Text>>, isWhole = false): Text => {
  const names = Object.keys(members);
  return fc.shuffledSubarray(names, { minLength: isWhole ? names.length : Math.ceil(names.length / 2) }).chain((keys) =>
    joined(
      '{',
      keys.map((key) =>
        fc.tuple(spell(key), space, members[key] ?? scalar).map(([k, gap, v]) => `${k}${gap}:${gap}${v}`),
      ),
      '}',
    ),
  );
};
const array = (of: Text, maxLength = 4): Text =>
  fc.integer({ min: 0, max: maxLength }).chain((length) =>
    joined(
      '[',
      Array.from({ length }, () => of),
      ']',
    ),
  );
const { any } = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    scalar,
    array(tie('any'), 3),
    object({ x: tie('any'), uri: tie('any'), type: scalar }),
  ),
}));
const mostly = (usual: Text, odd: Text = any, weight = 10): Text =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd });

const uri = mostly(fc.constantFrom('"file:///a"', '"db:\\/\\/ü"', '"x"'));
const block = mostly(
  object({
    type: mostly(fc.constantFrom('"resource_link"', '"resource"', '"text"', '"\\u0072esource"')),
    uri,
    resource: mostly(object({ uri, text: string, blob: string })),
    text: string,
    annotations: any,
  }),
);
const taskMember = mostly(object({ taskId: mostly(string), status: scalar }));
const meta = mostly(object({ [META.relatedTask]: taskMember, [META.serverInfo]: any, progress: any, 'vendor/x': any }));
const content = mostly(array(block));
const sampled = mostly(
  object({
    type: mostly(fc.constantFrom('"tool_result"', '"resource_link"', '"resource"', '"text"')),
    content,
    uri,
    resource: mostly(object({ uri, blob: string })),
    text: string,
  }),
);
const messages = mostly(array(mostly(object({ role: string, content: mostly(fc.oneof(sampled, array(sampled))) }))));
const inputRequest = mostly(
  object({ method: string, params: mostly(object({ messages, _meta: meta, maxTokens: scalar })) }),
);
const result = object({
  inputRequests: mostly(object({ a: inputRequest, b: inputRequest, c: inputRequest })),
  content,
  contents: mostly(array(mostly(object({ uri, text: string, blob: string })))),
  messages: mostly(array(mostly(object({ role: string, content: mostly(block, array(block)) })))),
  result: mostly(object({ content, _meta: meta, isError: fc.constantFrom('true', 'false') })),
  task: taskMember,
  taskId: mostly(string),
  _meta: meta,
  resultType: mostly(fc.constantFrom('"complete"', '"complete"', '"task"', '"input_required"', '"other"')),
  ttlMs: mostly(fc.constantFrom('0', '60000')),
  cacheScope: mostly(fc.constantFrom('"public"', '"private"')),
  requestState: mostly(string),
  isError: mostly(fc.constantFrom('true', 'false')),
  structuredContent: any,
  vendor: any,
});
const error = object({ code: fc.constantFrom('-32602', '-32020', '-32042'), message: string, data: any });
const id = mostly(fc.constantFrom('5', '5.0', '5e0'), fc.constantFrom('"5"', '6', 'null'), 40);
const version = mostly(fc.constant('"2.0"'), any, 40);
const answer: Text = fc.oneof(
  {
    weight: 12,
    arbitrary: object({ jsonrpc: version, id, result: mostly(result) }, true),
  },
  { weight: 1, arbitrary: object({ jsonrpc: version, id, error }, true) },
  { weight: 1, arbitrary: object({ jsonrpc: version, id, error, result, method: string, vendor: any }) },
);

type Varied = Pick<ReplyContext, 'clientEra' | 'upstreamEra' | 'method' | 'clientId' | 'takesTasks'>;

const contextOf = ({ exposed, ...varied }: Varied & { exposed: 'nothing' | 'all' | 'tasks' }): ReplyContext => {
  const { clientEra, upstreamEra } = varied;
  const seals = exposed !== 'nothing' && clientEra === 'MODERN' && upstreamEra === 'MODERN';
  return {
    ...varied,
    upstreamName: 'up',
    serverInfo: { name: 'gatehouse', version: '1' },
    exposeUri: exposed === 'all' ? (text) => `gatehouse:up:${text}` : null,
    exposeTask: exposed === 'nothing' ? null : (taskId) => `sealed-${taskId}`,
    sealState: seals ? (state) => `sealed ${state}` : null,
    verbatim: exposed === 'nothing' && clientEra === upstreamEra,
  };
};
const contexts = fc
  .record({
    clientEra: fc.constantFrom('LEGACY', 'MODERN'),
    upstreamEra: fc.constantFrom('LEGACY', 'MODERN'),
    method: fc.constantFrom('tools/call', 'resources/read', 'prompts/get', 'tasks/get', 'tasks/result', 'x/y'),
    clientId: fc.constantFrom<string | number>(5, '5', 'mine "1"'),
    exposed: fc.constantFrom('nothing', 'all', 'tasks'),
    takesTasks: fc.boolean(),
  } as const)
  .map(contextOf);

const places = fc.oneof(
  fc.array(fc.nat(), { maxLength: 20 }),
  fc.constant(Array.from({ length: 4000 }, (_, at) => at)),
);
const legacyOfModern = ({ clientEra, upstreamEra }: ReplyContext) => clientEra === 'LEGACY' && upstreamEra === 'MODERN';

describe('[STR-2] a large answer that is rewritten while it passes', () => {
  it('becomes what it becomes as a whole, whatever is in it and wherever it is cut', async () => {
    const ways = { passed: 0, held: 0, failed: 0 };
    await fc.assert(
      fc.asyncProperty(answer, contexts, places, async (text, context, cuts) => {
        const bytes = Buffer.from(text);
        const expected = whole(context, bytes);
        const got = await stream(context, cut(bytes, cuts));
        ways[got.way]++;
        expect([got.way, got.way === 'failed' && got.error]).toEqual(
          expected === null
            ? ['failed', expect.objectContaining({ code: 'UPSTREAM_NOT_MCP' })]
            : [expect.stringMatching(/passed|held/), false],
        );
        if (expected === null || got.way === 'failed') return;
        expect(got.outcome).toBe(expected.outcome);
        expect(valueOf(got.body)).toEqual(valueOf(expected.body));
        // Nothing is there twice now.
        parseStrictText(got.body.toString(), { maxDepth: 100, maxKeys: 10_000 });
        if (expected.outcome === 'rpc-error') expect(got.way).toBe('held');
        else if (!legacyOfModern(context)) expect(got.way).toBe('passed');
        // Where the whole one stays byte for byte, and no member can have had to wait for another, so does this one.
        if (Buffer.from(expected.body).equals(bytes) && context.exposeUri === null && context.sealState == null)
          expect(got.body.toString()).toBe(text);
      }),
      { numRuns: 4000 },
    );
    process.stdout.write(`streamed answers: ${JSON.stringify(ways)}\n`);
    expect(ways.passed).toBeGreaterThan(1500);
  });

  it('is never passed on whole where a damaged one would not be taken whole', async () => {
    const damage = fc.record({
      at: fc.nat(),
      cutAway: fc.nat({ max: 4 }),
      put: fc.constantFrom('', '"', '}', ',', '\\', '0', '{"id":5,', '"id":6,'),
    });
    await fc.assert(
      fc.asyncProperty(answer, contexts, places, damage, async (text, context, cuts, { at, cutAway, put }) => {
        const from = at % text.length;
        const bytes = Buffer.from(text.slice(0, from) + put + text.slice(from + cutAway));
        const got = await stream(context, cut(bytes, cuts));
        const expected = whole(context, bytes);
        if (got.way === 'failed') return;
        expect(valueOf(got.body)).toEqual(expected === null ? null : valueOf(expected.body));
      }),
      { numRuns: 1500 },
    );
  });
});

const mib = 1024 ** 2;
const aggregate: ReplyContext = {
  clientEra: 'MODERN',
  upstreamEra: 'MODERN',
  upstreamName: 'up',
  method: 'tools/call',
  clientId: 'mine',
  serverInfo: { name: 'gatehouse', version: '1' },
  exposeUri: (text) => `gatehouse:up:${text}`,
  exposeTask: (taskId) => `sealed-${taskId}`,
  sealState: (state) => `sealed ${state}`,
};
const bridged: ReplyContext = { ...aggregate, clientEra: 'LEGACY', sealState: null };
const large = JSON.stringify('ü\\"{[]}'.repeat(mib / 4));

/** The same in pieces of 64 KiB. */
const inPieces = (text: string) => {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, at) =>
    bytes.subarray(at * 65_536, (at + 1) * 65_536),
  );
};
const enveloped = (members: string) => `{"result":{${members}},"jsonrpc":"2.0","id":5}`;
const streamed = (context: ReplyContext, text: string) => stream(context, inPieces(text));

describe('[STR-3] the order of members in a large answer', () => {
  it('holds nothing up: what depends on a later member moves behind it', async () => {
    const cases: [string, string][] = [
      [
        `{"uri":"x","text":${large},"type":"resource_link"}`,
        `{"text":${large},"type":"resource_link","uri":"gatehouse:up:x"}`,
      ],
      [
        `{"resource":{"uri":"x"},"type":"resource","vendor":${large}}`,
        `{"resource":{"uri":"gatehouse:up:x"},"type":"resource","vendor":${large}}`,
      ],
      [`{"uri":"x","text":${large}}`, `{"text":${large},"uri":"x"}`],
      [
        `{ "resource":{"uri":"x","blob":${large}} , "type":"resource"}`,
        `{ "resource":{"blob":${large},"uri":"gatehouse:up:x"} , "type":"resource"}`,
      ],
      [`{"resource":{"uri":"x","blob":${large}}}`, `{"resource":{"blob":${large},"uri":"x"}}`],
      [
        `{"type":"resource","resource":{"uri":"x","blob":${large}}}`,
        `{"type":"resource","resource":{"uri":"gatehouse:up:x","blob":${large}}}`,
      ],
    ];
    for (const [sent, shown] of cases) {
      const got = await streamed(aggregate, enveloped(`"content":[${sent}]`));
      expect(got.way).toBe('passed');
      expect(got.body.toString() === `{"result":{"content":[${shown}]},"jsonrpc":"2.0","id":"mine"}`).toBe(true);
    }
    const state = await streamed(
      aggregate,
      enveloped(`"requestState":"s","content":[${large}],"resultType":"input_required"`),
    );
    expect(JSON.parse(state.body.toString())).toMatchObject({ result: { requestState: 'sealed s' } });
  });

  it('[EXP-2] lets large questions go on as well, also where one value waits behind another that waits', async () => {
    const block = (uri: string, inner: string) =>
      `{"resource":{"uri":"${uri}"},"content":[{"resource":{"uri":"${inner}"},`;
    const sent = `${block('a', 'b')}"n":1,"type":"resource"}],"type":"resource"},${block('c', 'd')}"n":2}],"type":"resource"}`;
    const request = (content: string) =>
      `"inputRequests":{"__proto__":{"params":{"messages":[{"content":[${content},{"type":"image","data":${large}}]}]}}}`;
    const got = await streamed(aggregate, enveloped(request(sent)));
    const shown = sent
      .replace('"a"', '"gatehouse:up:a"')
      .replace('"b"', '"gatehouse:up:b"')
      .replace('"c"', '"gatehouse:up:c"');
    expect(got.way).toBe('passed');
    expect(got.body.toString() === `{"result":{${request(shown)}},"jsonrpc":"2.0","id":"mine"}`).toBe(true);
  });

  it('decides whether a legacy client may have it: an error and every type but `complete` is read whole', async () => {
    const way = async (text: string, context = bridged) => (await streamed(context, text)).way;
    const content = `"content":[${large}]`;
    const short = `"content":[${JSON.stringify('x'.repeat(mib / 2))}]`;
    expect(await way(enveloped(`"resultType":"complete",${content}`))).toBe('passed');
    expect(await way(enveloped(`"resultType":"input_required","requestState":"s",${content}`))).toBe('held');
    expect(await way(enveloped(`"resultType":"task","taskId":"t","vendor":${large}`))).toBe('held');
    expect(
      await way(enveloped(`"resultType":"task","taskId":"t","vendor":${large}`), { ...bridged, takesTasks: true }),
    ).toBe('passed');
    expect(await way(`{"jsonrpc":"2.0","id":5,"error":{"code":1,"message":"m","data":${large}}}`)).toBe('held');
    // Behind less than 1 MiB any type will do; behind more, what has content is taken for complete …
    expect(await way(enveloped(`${short},"resultType":"input_required","requestState":"s"`))).toBe('held');
    const late = await streamed(bridged, enveloped(`${content},"resultType":"complete","ttlMs":5`));
    expect([late.way, late.body.toString() === `{"result":{${content}},"jsonrpc":"2.0","id":"mine"}`]).toEqual([
      'passed',
      true,
    ]);
    expect(await way(enveloped(content))).toBe('passed');
    // … and must not say otherwise in the end; what has none waits for its type.
    const lies = await streamed(bridged, enveloped(`${content},"resultType":"input_required","requestState":"s"`));
    expect(lies).toMatchObject({ way: 'failed', error: { code: 'UPSTREAM_NOT_MCP' } });
    expect(await way(enveloped(`"vendor":${large},"resultType":"input_required","requestState":"s"`))).toBe('held');
  });

  it.each([
    [
      'an error behind a result',
      `{"id":5,"jsonrpc":"2.0","result":{"content":[${large}]},"error":{"code":1,"message":""}}`,
    ],
    ['another id behind a result', `{"result":{"content":[${large}]},"jsonrpc":"2.0","id":6}`],
    ['no id', `{"result":{"content":[${large}]},"jsonrpc":"2.0"}`],
    ['no version', `{"result":{"content":[${large}]},"id":5}`],
    ['a second result', `{"id":5,"jsonrpc":"2.0","result":{"content":[${large}]},"result":{}}`],
    ['a member twice that is rewritten', enveloped(`"taskId":"a","content":[${large}],"taskId":"b"`)],
    ['a type twice', enveloped(`"content":[{"type":"text","uri":"x","text":${large},"type":"resource_link"}]`)],
    ['its content twice', enveloped(`"content":[${large}],"\\u0063ontent":[]`)],
    ['a second answer', `${enveloped(`"content":[${large}]`)}{}`],
    ['an end that is none', enveloped(`"content":[${large}]`).slice(0, -1)],
    ['nesting without end', enveloped(`"content":${'['.repeat(10_001)}`)],
  ])('is no way around the rules: %s', async (_, text) => {
    expect(await streamed(aggregate, text)).toMatchObject({ way: 'failed', error: { code: 'UPSTREAM_NOT_MCP' } });
  });

  it.each([
    ['a value that is rewritten', enveloped(`"_meta":{"x":${large}}`)],
    ['a URI', enveloped(`"content":[{"type":"resource_link","uri":${large}}]`)],
    ['many states', enveloped(`"content":[{"resource":{"uri":"x"},"vendor":${large},"type":"resource"}]`)],
    ['the name of a member', enveloped(`${large}:1`)],
    ['white space before one', enveloped(`"a":1${' '.repeat(2 * mib)},"b":1`)],
  ])('never has more than 1 MiB held back: %s', async (_, text) => {
    expect(await streamed(aggregate, text)).toMatchObject({ way: 'failed', error: { code: 'UPSTREAM_TOO_LARGE' } });
  });
});
