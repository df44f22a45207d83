import { describe, expect, it } from 'vitest';
import { levelTeller } from './level-teller.js';

describe('levelTeller', () => {
  it('says everything to who reads', () => {
    const said: string[] = [];
    const tell = levelTeller((text) => void said.push(text));
    for (const text of ['a', 'a', 'b']) tell(text);
    expect(said).toEqual(['a', 'a', 'b']);
  });

  it('says each thing once more to who was slow', async () => {
    const said: string[] = [];
    const turns: (() => void)[] = [];
    const tell = levelTeller((text) => {
      said.push(text);
      return new Promise<void>((resolve) => turns.push(resolve));
    });
    for (let one = 0; one < 1000; one++) tell(one % 2 === 0 ? 'a' : 'b');
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
    });
    for (const text of ['one', 'two', 'three']) tell(text, 'task');
    turns.shift()?.();
    await expect.poll(() => said).toEqual(['one', 'three']);
  });
});
