import { describe, expect, it } from 'vitest';
import { levelTeller } from './level-teller.js';

const bounds = { maxWaiting: Infinity, exceeded: () => undefined };

describe('[LSN-3] levelTeller', () => {
  it('says everything to who reads', () => {
    const said: string[] = [];
    const tell = levelTeller((text) => void said.push(text), bounds);
    for (const text of ['a', 'a', 'b']) void tell(text);
    expect(said).toEqual(['a', 'a', 'b']);
  });

  it('says each thing once more to who was slow', async () => {
    const said: string[] = [];
    const turns: (() => void)[] = [];
    const tell = levelTeller((text) => {
      said.push(text);
      return new Promise<void>((resolve) => turns.push(resolve));
    }, bounds);
    for (let one = 0; one < 1000; one++) void tell(one % 2 === 0 ? 'a' : 'b');
    expect(said).toEqual(['a']);
    turns.shift()?.();
    await expect.poll(() => said).toHaveLength(2);
    turns.shift()?.();
    await expect.poll(() => said).toHaveLength(3);
    expect(said.toSorted()).toEqual(['a', 'a', 'b']);
  });

  it('says the last about each thing to who was slow', async () => {
    const said: string[] = [];
    const turns: (() => void)[] = [];
    const tell = levelTeller((text) => {
      said.push(text);
      return new Promise<void>((resolve) => turns.push(resolve));
    }, bounds);
    for (const text of ['one', 'two', 'three']) void tell(text, 'task');
    turns.shift()?.();
    await expect.poll(() => said).toEqual(['one', 'three']);
  });

  it('says of what is a part that the whole changed, to who is far behind', async () => {
    const said: string[] = [];
    const turns: (() => void)[] = [];
    const tell = levelTeller((text) => {
      said.push(text);
      return said.length === 1 ? new Promise<void>((resolve) => turns.push(resolve)) : undefined;
    }, bounds);
    void tell('first');
    for (let one = 0; one < 10_000; one++) void tell(`part ${one}`, `about ${one}`, 'whole');
    void tell('last words', 'about 7', 'whole');
    void tell('another thing');
    turns.shift()?.();
    await expect.poll(() => said.at(-1)).toBe('another thing');
    expect(said).toHaveLength(103);
    expect(said.filter((text) => text === 'whole')).toHaveLength(1);
    expect([said[7], said[8], said[9]]).toEqual(['part 6', 'last words', 'part 8']);
  });

  it('keeps one text of any size, and beside it no more than its bound: then nothing more is said', async () => {
    const said: string[] = [];
    let take: () => void = () => undefined;
    let cuts = 0;
    const tell = levelTeller(
      (text) => {
        said.push(text);
        return new Promise<void>((resolve) => (take = resolve));
      },
      { maxWaiting: 1000, exceeded: () => cuts++ },
    );
    void tell('x');
    void tell('l'.repeat(50_000), 'large');
    void tell('L'.repeat(40_000), 'large');
    void tell('ä'.repeat(250), 'a');
    void tell('ü'.repeat(250), 'b');
    void tell('ö'.repeat(250), 'b');
    // What waits grows, however often somebody takes something.
    take();
    await expect.poll(() => said).toHaveLength(2);
    expect([cuts, said[1]?.[0]]).toEqual([0, 'L']);
    void tell('m'.repeat(1001), 'c');
    expect(cuts).toBe(0);
    void tell('y', 'd');
    expect(cuts).toBe(1);
    take();
    void tell('late');
    await new Promise((resolve) => setImmediate(resolve));
    expect([cuts, said.length]).toEqual([1, 2]);
  });

  it('says nothing before its time, and tells when it makes sense to say more', async () => {
    const said: string[] = [];
    let begin: () => void = () => undefined;
    const after = new Promise<void>((resolve) => (begin = resolve));
    const tell = levelTeller((text) => void said.push(text), { ...bounds, after });
    const waited = tell('one', 'a');
    void tell('two', 'a');
    await new Promise((resolve) => setImmediate(resolve));
    expect(said).toEqual([]);
    begin();
    await waited;
    expect(said).toEqual(['two']);
    expect(tell('three')).toBeUndefined();
  });
});
