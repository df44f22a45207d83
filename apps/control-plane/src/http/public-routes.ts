import { Router } from 'express';
import type { Config } from '#config';
import type { Clock } from '#kernel';
import type { DatabasePool } from '#postgres';
import type { PublicUrls } from '../dependencies.js';

/** How the routes learn whether this process takes requests. */
export interface Readiness {
  readonly accepting: boolean;
}

const halfAYear = 182 * 86_400_000;
const probeTimeout = 2_000;

/** Health, robots.txt and security.txt: answered without identity. */
export function publicRoutes(
  { controlPlane }: Config,
  clock: Clock,
  database: DatabasePool,
  readiness: Readiness,
  publicUrls: PublicUrls,
): Router {
  const router = Router();
  router.get('/healthz', (_req, res) => void res.json({ status: 'alive' }));
  router.get('/readyz', async (_req, res) => {
    const problem = await probe(database, readiness);
    if (problem === null) res.json({ status: 'ready' });
    else res.status(503).json({ status: 'unready', problem });
  });
  router.get('/robots.txt', (_req, res) => void res.type('text/plain').send('User-agent: *\nDisallow: /\n'));
  router.get('/.well-known/security.txt', (_req, res) => {
    const contact = controlPlane.securityContact ?? `mailto:security@${new URL(publicUrls.controlPlane).hostname}`;
    const expires = new Date(clock.now() + halfAYear).toISOString();
    res
      .type('text/plain')
      .send(
        `Contact: ${contact}\nExpires: ${expires}\nCanonical: ${publicUrls.controlPlane}/.well-known/security.txt\n`,
      );
  });
  return router;
}

/** Why this process is not ready, or null. A pool that is out of connections counts as a database that is away. */
async function probe(database: DatabasePool, readiness: Readiness): Promise<string | null> {
  if (!readiness.accepting) return 'stopping';
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, probeTimeout, 'database');
  });
  const answered = database.query('select 1').then(
    () => null,
    () => 'database',
  );
  return Promise.race([answered, late]).finally(() => clearTimeout(timer));
}
