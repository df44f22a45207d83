import { describe, expect, it } from 'vitest';
import { jsonRpcResult, sharedResult } from './json-rpc-error.js';
import { SharedText, toShare, withEnd } from './shared-text.js';

const large = JSON.stringify({ text: 'é😀'.repeat(8000) }).slice(0, -1);

describe('SharedText', () => {
  it('says the same as the text that it stands for, byte for byte', () => {
    const kept = toShare(large);
    expect(kept).toBeInstanceOf(Buffer);
    const result = withEnd(kept, ',"nextCursor":"ü"}');
    if (typeof result === 'string') throw new TypeError('large texts are kept as bytes');
    const answer = sharedResult('ß1', result);
    const expected = jsonRpcResult('ß1', `${large},"nextCursor":"ü"}`);
    expect(answer.toString()).toBe(expected);
    expect(answer.byteLength).toBe(Buffer.byteLength(expected));
    expect(Buffer.concat([Buffer.from(answer.head), answer.shared, Buffer.from(answer.tail)])).toEqual(
      Buffer.from(expected),
    );
  });

  it('never copies or changes what is shared', () => {
    const shared = Buffer.from('[1,2]');
    const one = new SharedText('a', shared, 'b').within('<', '>');
    expect(one.shared).toBe(shared);
    expect([one.head, one.tail, shared.toString()]).toEqual(['<a', 'b>', '[1,2]']);
  });

  it('keeps short texts as they are', () => {
    expect(withEnd(toShare('{"tools":[]'), '}')).toBe('{"tools":[]}');
  });
});
