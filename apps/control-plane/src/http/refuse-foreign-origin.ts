import type { RequestHandler } from 'express';
import { DomainError } from '#kernel';
import type { RefusalLog } from '../refusals/refusal-log.js';

/**
 * Refuses requests that a page of another origin makes. Programs send no Origin and pass; their credential decides.
 * @param own the origins of this service; the Host header is never asked (ARCHITECTURE.md §4.5)
 */
export function refuseForeignOrigin(own: () => readonly string[], refusals: RefusalLog): RequestHandler {
  return (req, _res, next) => {
    const origin = req.get('origin');
    if (origin === undefined || own().includes(origin)) return next();
    refusals.strangerRefused({ action: 'request.refused', ip: req.ip ?? null, reason: 'CSRF' });
    next(
      new DomainError(
        'CSRF',
        `Requests from the origin ${origin.slice(0, 200)} are refused. Use the public URL of this service.`,
      ),
    );
  };
}
