import { describe, expect, it } from 'vitest';
import { redactFields, type FieldClassification } from './redact-fields.js';

const classification: FieldClassification = {
  slug: 'public',
  url: 'public',
  email: 'sensitive',
  authSecret: 'secret',
  'owner.id': 'public',
  'owner.email': 'sensitive',
  'tags.name': 'public',
  definition: 'public',
};

describe('redactFields', () => {
  it('shows public fields, hides the others, and hides what nobody classified', () => {
    const record = { slug: 'github', email: 'a@b.c', authSecret: 's3cr3t', invented: 'x', inventedToo: { a: 1 } };
    expect(redactFields(record, classification)).toEqual({
      slug: 'github',
      email: '[sensitive]',
      authSecret: '[redacted]',
      invented: '[redacted]',
      inventedToo: '[redacted]',
    });
  });

  it('reveals sensitive fields on request, never secret ones', () => {
    const record = { email: 'a@b.c', authSecret: 's3cr3t', invented: 'x' };
    expect(redactFields(record, classification, { reveal: 'sensitive' })).toEqual({
      email: 'a@b.c',
      authSecret: '[redacted]',
      invented: '[redacted]',
    });
  });

  it('follows paths through objects and lists', () => {
    const record = { owner: { id: '1', email: 'a@b.c', ssn: '2' }, tags: [{ name: 'x', note: 'y' }, 'loose'] };
    expect(redactFields(record, classification)).toEqual({
      owner: { id: '1', email: '[sensitive]', ssn: '[redacted]' },
      tags: [{ name: 'x', note: '[redacted]' }, '[redacted]'],
    });
  });

  it('masks credentials inside public values, too', () => {
    const record = { url: 'https://ada:hunter2@a.example/', definition: { headers: { authorization: 'Bearer x' } } };
    expect(redactFields(record, classification)).toEqual({
      url: 'https://[redacted]@a.example/',
      definition: { headers: { authorization: '[redacted]' } },
    });
  });

  it('tells absence from a hidden value and leaves its input alone', () => {
    const record = Object.freeze({ authSecret: null, email: undefined, slug: 'x' });
    expect(redactFields(record, classification)).toEqual({ authSecret: null, email: undefined, slug: 'x' });
  });

  it('gives inherited names no class', () => {
    expect(redactFields({ constructor: 'x', toString: 'y' }, classification)).toEqual({
      constructor: '[redacted]',
      toString: '[redacted]',
    });
  });
});
