import express, { type Request, type RequestHandler, type Response } from 'express';
import type { Config } from '#config';
import { DomainError } from '#kernel';
import { checkDocumentText } from '../graphql/check-document-text.js';
import { checkJsonText } from './check-json-text.js';

/**
 * Reads the body of `/graphql`: POST with `application/json` only, so that no form or link of another site can reach it;
 * bounded in bytes, nesting and batch size before anything is parsed or looked up, each accepted at the limit.
 */
export function readGraphqlBody({ graphql }: Config): RequestHandler {
  const { maxBody } = graphql;
  const readText = express.text({ type: 'application/json', limit: maxBody, defaultCharset: 'utf-8' });
  return (req, res, next) => {
    try {
      assertJsonPost(req, res);
    } catch (error) {
      return next(error);
    }
    readText(req, res, (error?: unknown) => {
      if (error !== undefined) return next(readFailure(error, maxBody));
      try {
        req.body = parseBody(req.body as unknown, graphql);
        next();
      } catch (problem) {
        next(problem);
      }
    });
  };
}

function assertJsonPost(req: Request, res: Response): void {
  if (req.method !== 'POST') {
    res.setHeader('allow', 'POST');
    throw new DomainError('MALFORMED_REQUEST', 'GraphQL is answered to POST only, with a JSON body.');
  }
  if (!req.is('application/json')) {
    throw new DomainError('MALFORMED_REQUEST', 'The content type must be application/json.');
  }
}

function parseBody(text: unknown, graphql: Config['graphql']): unknown {
  const { maxBatch, maxTokens } = graphql;
  const body = parseJson(typeof text === 'string' ? text : '');
  const operations: unknown[] = Array.isArray(body) ? body : [body];
  if (operations.length === 0 || operations.length > maxBatch) {
    throw new DomainError(
      'QUERY_TOO_COMPLEX',
      `A batch holds 1 to ${maxBatch} operations; this one has ${operations.length}.`,
    );
  }
  if (!operations.every(isOperation)) {
    throw new DomainError(
      'MALFORMED_REQUEST',
      'The body must be an object with the text `query`, or a list of such objects.',
    );
  }
  for (const { query } of operations) checkDocumentText(query, maxTokens);
  return body;
}

const isOperation = (value: unknown): value is { readonly query: string } =>
  typeof value === 'object' &&
  value !== null &&
  'query' in value &&
  typeof value.query === 'string' &&
  value.query !== '';

function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DomainError('PARSE_ERROR', 'The body is not JSON.', { cause });
  }
  checkJsonText(text);
  return value;
}

/** Failures of body-parser carry a type (https://expressjs.com/en/resources/middleware/body-parser.html#errors). */
function readFailure(error: unknown, maxBody: number): DomainError {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  return type === 'entity.too.large'
    ? new DomainError('PAYLOAD_TOO_LARGE', `The body may have at most ${maxBody} bytes.`, { cause: error })
    : new DomainError('MALFORMED_REQUEST', 'The body could not be read: check its encoding and length.', {
        cause: error,
      });
}
