import { describe, expect, it } from 'vitest';
import { DomainError } from './domain-error.js';

describe('DomainError', () => {
  it('says where it was thrown, unless that was not wanted', () => {
    const usual = Error.stackTraceLimit;
    expect(new DomainError('NOT_FOUND', 'Tool not found.').stack).toContain('domain-error.spec');
    const quiet = new DomainError('NOT_FOUND', 'Tool not found.', { trace: false });
    expect(quiet.stack).not.toContain('domain-error.spec');
    expect(quiet).toMatchObject({ code: 'NOT_FOUND', message: 'Tool not found.', details: {} });
    // Nobody else's errors lose their trace.
    expect(Error.stackTraceLimit).toBe(usual);
    expect(new Error('x').stack).toContain('domain-error.spec');
  });
});
