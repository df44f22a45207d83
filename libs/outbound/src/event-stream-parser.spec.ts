import { describe, expect, it } from 'vitest';
import { EventStreamParser } from './event-stream-parser.js';

const inPieces = (text: string, size: number) => {
  const parser = new EventStreamParser();
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  return pieces.flatMap((piece) => parser.push(piece)).map(({ event, data, id }) => [event, data, id]);
};

describe('an event stream', () => {
  it.each([1, 2, 3, 7, 1000])('says the same in pieces of %i bytes, with every kind of line end', (size) => {
    const text =
      '\ufeff: hello\r\nevent: a\r\ndata: ä\r\ndata: 2\r\n\r\ndata:3\rid: 7\r\rdata: x\ndata\n\nevent: b\n\n';
    expect(inPieces(text, size)).toEqual([
      ['a', 'ä\n2', null],
      ['message', '3', '7'],
      ['message', 'x\n', '7'],
    ]);
  });

  it('ends a line at a lone CR without waiting for what follows', () => {
    const parser = new EventStreamParser();
    expect(parser.push(Buffer.from('data: 1\r\r'))).toHaveLength(1);
    expect(parser.push(Buffer.from('\ndata: 2\n\n'))).toEqual([{ event: 'message', data: '2', id: null }]);
  });

  // Every packet used to search the whole unfinished line again: an upstream could hold the process for a minute.
  it('costs time in proportion to its bytes, however they are cut', () => {
    const startedAt = performance.now();
    const parser = new EventStreamParser();
    const piece = Buffer.alloc(1460, 'x');
    for (let sent = 0; sent < 8 * 1024 ** 2; sent += piece.length) parser.push(piece);
    const manyLines = new EventStreamParser();
    manyLines.push(Buffer.alloc(4 * 1024 ** 2, '\n'));
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });
});
