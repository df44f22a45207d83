import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { CommandFailure } from '../command-failure.js';
import { readAnswer } from './read-answer.js';
import { unreachable } from './unreachable.js';

const failure = (status: number, body: unknown): unknown => {
  try {
    return readAnswer('http://h', status, typeof body === 'string' ? body : JSON.stringify(body));
  } catch (error) {
    return error;
  }
};
const withCode = (code: string, more = {}) => ({ errors: [{ message: 'm', extensions: { code, ...more } }] });

describe('readAnswer [CLI-10]', () => {
  it('answers the data', () => {
    expect(readAnswer('http://h', 200, '{"data":{"a":1}}')).toEqual({ a: 1 });
  });

  it('ends with 3 when the credential is refused, with 1 for any other error', () => {
    expect(failure(401, withCode('UNAUTHENTICATED'))).toMatchObject({ exitCode: 3 });
    expect(failure(200, withCode('FORBIDDEN'))).toMatchObject({ exitCode: 1 });
  });

  it('adds the remedy of the registry for the most precise code', () => {
    expect(failure(400, withCode('BAD_USER_INPUT', { reason: 'QUERY_TOO_COMPLEX' }))).toMatchObject({
      problems: [{ code: 'QUERY_TOO_COMPLEX', remedy: expect.stringContaining('Ask for less') as string }],
    });
  });

  it('shows the correlation id of a fault', () => {
    expect(failure(200, withCode('INTERNAL', { correlationId: 'abc' }))).toMatchObject({
      problems: [{ remedy: 'Correlation id: abc.' }],
    });
  });

  it.each(['<html>', '[]', '{}', 'null', '{"data":null}'])('ends with 4 for an answer that is not ours: %s', (text) => {
    expect(failure(200, text)).toMatchObject({ exitCode: 4 });
  });
});

describe('unreachable', () => {
  it('says in words why, with exit code 4', () => {
    const error = unreachable('http://h', new DomainError('UPSTREAM_REFUSED', 'x'));
    expect(error).toBeInstanceOf(CommandFailure);
    expect(error.exitCode).toBe(4);
    expect(error.message).toBe('The control plane at http://h cannot be reached: the connection was refused.');
  });
});
