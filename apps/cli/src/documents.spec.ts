import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';

const folder = import.meta.dirname;
const schema = buildSchema(readFileSync(path.join(folder, '../../../schema.graphql'), 'utf8'));
const documents = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  .flatMap((file) => {
    const code = readFileSync(path.join(folder, file), 'utf8');
    return [...code.matchAll(/\/\* GraphQL \*\/ `([^`]*)`/g)].map(([, text = '']) => ({
      name: /(?:query|mutation) (\w+)/.exec(text)?.[1] ?? file,
      text,
    }));
  });

describe('GraphQL documents of the command line', () => {
  it.each(documents)('$name fits the schema', ({ text }) => {
    expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
  });

  it('are all found, under names of their own', () => {
    expect(documents.length).toBeGreaterThan(20);
    expect(new Set(documents.map(({ name }) => name)).size).toBe(documents.length);
  });
});
