import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from '../json/parse-strict-json.js';
import { STREAM_VERSIONS } from '../era/protocol-versions.js';
import { buildUpstreamRequest } from './build-upstream-request.js';

const peer = { era: 'LEGACY', protocolVersion: STREAM_VERSIONS[0] ?? '', sessionId: null } as const;

function sent(text: string, originalName: string | null, id: number | null): string {
  const bytes = Buffer.from(text);
  const { name, text: read, value } = parseStrictJson(bytes, { maxDepth: 32, maxKeys: 1000 });
  const received = { bytes, text: read, message: value as never, headers: {}, name };
  const client = { info: { name: 'agent', version: '1' }, capabilities: {} };
  return buildUpstreamRequest({
    ...{ clientEra: 'LEGACY', peer, received, originalName, id, client, paramHeaders: [] },
  }).body.toString();
}

const space = fc.constantFrom('', ' ', '\n  ');
const member = (key: string, value: fc.Arbitrary<string>) =>
  fc.tuple(space, space, value).map(([a, b, text]) => `${a}${JSON.stringify(key)}${b}:${a}${text}${b}`);
const shuffled = (...members: fc.Arbitrary<string>[]) =>
  fc
    .tuple(...members)
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }))
    .map((all) => `{${all.join(',')}}`);
const text = fc.string({ unit: 'grapheme' }).map((value) => JSON.stringify(value));

describe('buildUpstreamRequest', () => {
  it('puts name and id into any text of a request, and changes no other character', () => {
    // Arguments that hold the very members that are looked for.
    const decoys = fc.constantFrom('{"id":7,"params":{"name":"x"},"name":"y"}', '["\\"id\\":1",{"name":"}{"}]', '1.0');
    const params = shuffled(
      member('name', fc.constant('"\\u0065cho"')),
      member('arguments', decoys),
      member('x', text),
    );
    const request = shuffled(
      member('jsonrpc', fc.constant('"2.0"')),
      member('id', fc.constantFrom('1', '"1"', '0', '"a\\"b"')),
      member('method', fc.constant('"tools/call"')),
      member('params', params),
    );
    fc.assert(
      fc.property(request, fc.string(), fc.option(fc.nat()), (before, name, id) => {
        const after = sent(before, name, id);
        const was = JSON.parse(before) as { id: unknown; params: { name: string } };
        expect(JSON.parse(after)).toEqual({ ...was, id: id ?? was.id, params: { ...was.params, name } });
        // The other way round it is the same text again.
        const back = sent(after, 'echo', 1);
        expect(back).toBe(sent(before, 'echo', 1));
      }),
    );
  });
});
