import { describe, expect, it } from 'vitest';
import { ProgressGate } from './progress-gate.js';

describe('ProgressGate', () => {
  it('lets through what goes further under the very token', () => {
    const gate = new ProgressGate(0);
    expect(gate.passes({ progressToken: 0, progress: 1 }, 0)).toBe(true);
    expect(gate.passes({ progressToken: '0', progress: 2 }, 0)).toBe(false);
    expect(gate.passes({ progressToken: 0, progress: 1 }, 0)).toBe(false);
    expect(gate.passes({ progressToken: 0, progress: '2' }, 0)).toBe(false);
    expect(gate.passes({ progressToken: 0, progress: 1.5 }, 0)).toBe(true);
    expect(new ProgressGate(null).passes({ progressToken: undefined, progress: 1 }, 0)).toBe(false);
  });

  it('bounds a flood, and recovers', () => {
    const gate = new ProgressGate('t');
    let progress = 0;
    const passed = (now: number) => gate.passes({ progressToken: 't', progress: ++progress }, now);
    const burst = Array.from({ length: 500 }, () => passed(10_000)).filter(Boolean).length;
    expect(burst).toBe(100);
    expect(passed(10_001)).toBe(false);
    expect(passed(10_200)).toBe(true);
  });
});
