import { describe, expect, it } from 'vitest';
import { Cancellation } from './cancellation.js';

describe('Cancellation', () => {
  it('tells every listener once, with the first reason, and none that has left', () => {
    const cancellation = new Cancellation();
    const heard: string[] = [];
    const leaving = { handleEvent: () => heard.push('left') };
    cancellation.addEventListener('abort', () => heard.push(String(cancellation.reason)));
    cancellation.addEventListener('abort', { handleEvent: () => heard.push('object') });
    cancellation.addEventListener('abort', leaving);
    cancellation.removeEventListener('abort', leaving);
    cancellation.cancel('first');
    cancellation.cancel('second');
    cancellation.addEventListener('abort', () => heard.push('too late'));
    expect({ heard, aborted: cancellation.aborted }).toEqual({ heard: ['first', 'object'], aborted: true });
  });

  it('is an AbortSignal where one is wanted, before and after', () => {
    const reason = new Error('enough');
    const [early, late] = [new Cancellation(), new Cancellation()];
    const signal = early.toAbortSignal();
    expect(signal.aborted).toBe(false);
    early.cancel(reason);
    late.cancel(reason);
    expect([signal.reason, late.toAbortSignal().reason]).toEqual([reason, reason]);
    expect(early.toAbortSignal()).toBe(signal);
  });
});
