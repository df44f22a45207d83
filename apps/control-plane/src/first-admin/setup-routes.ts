import { Router } from 'express';
import { sha256Hex } from '#crypto';
import { setupPageHtml } from './setup-page.js';
import { setupPageScript } from './setup-page-script.js';
import { setupPageStyle } from './setup-page-style.js';

const sourceHash = (text: string): string => `'sha256-${Buffer.from(sha256Hex(text), 'hex').toString('base64')}'`;

/** What the page may do: run its own script and style, known by their hashes, and talk to this origin. */
const policy = [
  "default-src 'none'",
  `script-src ${sourceHash(setupPageScript)}`,
  `style-src ${sourceHash(setupPageStyle)}`,
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `/auth/setup`: the page behind the one-time link. The token stays in the fragment, so no request carries it before the form. */
export function setupRoutes(): Router {
  const router = Router();
  const page = setupPageHtml(setupPageStyle, setupPageScript);
  router.get('/auth/setup', (_req, res) => void res.set('content-security-policy', policy).type('html').send(page));
  return router;
}
