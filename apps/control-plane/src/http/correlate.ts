import type { RequestHandler, Response } from 'express';
import { newRequestId } from '#kernel';
import { isSafeCorrelationId, runWithLogContext } from '#observability';

const header = 'x-request-id';

/** Gives every request a correlation id, the client's if it is safe, and says it in the answer and every log line. */
export const correlate: RequestHandler = (req, res, next) => {
  const given = req.get(header);
  const requestId = isSafeCorrelationId(given) ? given : newRequestId();
  res.setHeader(header, requestId);
  runWithLogContext({ requestId }, next);
};

/** The correlation id that {@link correlate} chose. */
export const requestIdOf = (res: Response): string => String(res.getHeader(header));
