import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Headers of every answer. The API itself needs no page rights at all; the pages that exist set a policy of their own. */
export function securityHeaders(publicUrl: () => string): RequestHandler {
  const build = (https: boolean) =>
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
      },
      // A browser that saw this over plain HTTP would never come back to it.
      strictTransportSecurity: https ? { maxAge: 31_536_000 } : false,
      referrerPolicy: { policy: 'no-referrer' },
    });
  const [plain, secure] = [build(false), build(true)];
  return (req, res, next) => {
    res.setHeader('cache-control', 'no-store');
    (publicUrl().startsWith('https:') ? secure : plain)(req, res, next);
  };
}
