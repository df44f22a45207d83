import { describe, expect, it } from 'vitest';
import { passesAsItIs } from './passes-as-it-is.js';

const raw = {
  clientEra: 'MODERN',
  upstreamEra: 'MODERN',
  method: 'tools/call',
  exposeUri: null,
  exposeTask: null,
  verbatim: true,
} as const;
const expose = (text: string) => text;

describe('an answer that passes as it is', () => {
  it('[LNK-16] is one between peers of one era in which nothing is exposed, sealed or kept from caches', () => {
    expect(passesAsItIs(raw)).toBe(true);
    expect(passesAsItIs({ ...raw, clientEra: 'LEGACY', upstreamEra: 'LEGACY', verbatim: false })).toBe(true);
    for (const other of [
      { clientEra: 'LEGACY' },
      { upstreamEra: 'LEGACY' },
      { exposeUri: expose },
      { exposeTask: expose },
      // A result may carry a state that is to be sealed.
      { verbatim: false },
      { method: 'resources/read' },
    ] as const)
      expect([other, passesAsItIs({ ...raw, ...other })]).toEqual([other, false]);
  });
});
