import { HttpException } from '@nestjs/common';
import type { ErrorRequestHandler, Response } from 'express';
import { DomainError } from '#kernel';
import type { Logger } from '#observability';
import { publicError } from '../graphql/format-error.js';
import { requestIdOf } from './correlate.js';

/** Answers a request that never reached GraphQL in the shape of a GraphQL answer. */
export function answerError(res: Response, error: DomainError, headers: Readonly<Record<string, string>> = {}): void {
  const { message, extensions } = publicError(error);
  const body = { errors: [{ message, extensions: { ...extensions, correlationId: requestIdOf(res) } }] };
  res.status(error.answer.http).set(headers).json(body);
}

/** Answers what Nest did not find a route for. Every other request is answered before Nest, so the rest is a fault. */
export function answerUnrouted(res: Response, error: unknown): void {
  const isMissing = error instanceof HttpException && error.getStatus() === 404;
  answerError(
    res,
    isMissing
      ? new DomainError('NOT_FOUND', 'There is nothing at this address.')
      : new DomainError('INTERNAL', 'Internal fault.', { cause: error }),
  );
}

/** The last handler: a failure before GraphQL, for example a database that is away while the session is looked up. */
export const answerFailures =
  (logger: Logger): ErrorRequestHandler =>
  (error: unknown, _req, res, next) => {
    if (res.headersSent) return next(error);
    const known =
      error instanceof DomainError ? error : new DomainError('INTERNAL', 'Internal fault.', { cause: error });
    if (known.answer.http >= 500) logger.error({ err: error }, 'Request failed before GraphQL');
    answerError(res, known);
  };
