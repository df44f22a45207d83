import { describe, expect, it } from 'vitest';
import { AnswerFault, AnswerScanner } from './answer-scanner.js';

const scan = (text: string): string => {
  const scanner = new AnswerScanner('1', '"mine"');
  const passed = Buffer.concat(scanner.push(Buffer.from(text))).toString();
  scanner.finish();
  return passed;
};

describe('[LNK-16] an answer that is read as it passes by', () => {
  it('has keys with escapes', () => {
    expect(scan('{"jsonrpc":"2.0","\\u0069d":1,"result":{"\\n":1}}')).toBe(
      '{"jsonrpc":"2.0","\\u0069d":"mine","result":{"\\n":1}}',
    );
  });

  it.each(['\\u00zz', '\\x', '\\u12', 'a\u0001\\n'])('is no answer with the key %j', (key) => {
    expect(() => scan(`{"id":1,"${key}":{}}`)).toThrow(AnswerFault);
  });
});
