import type { NestExpressApplication } from '@nestjs/platform-express';
import type { ControlPlaneDeps, PublicUrls } from '../dependencies.js';
import { setupRoutes } from '../first-admin/setup-routes.js';
import { identify, type Watchers } from '../sign-in/identify.js';
import { sessionMiddleware } from '../sign-in/session-middleware.js';
import { answerFailures } from './answer-error.js';
import { correlate } from './correlate.js';
import { ownOrigins } from './public-urls.js';
import { publicRoutes } from './public-routes.js';
import { readGraphqlBody } from './read-graphql-body.js';
import { refuseForeignOrigin } from './refuse-foreign-origin.js';
import { securityHeaders } from './security-headers.js';
import { trustProxies } from './trust-proxies.js';

/** Puts everything before GraphQL in its order; GraphQL itself is added by Nest, behind these. */
export function installRoutes(
  app: NestExpressApplication,
  deps: ControlPlaneDeps,
  publicUrls: PublicUrls,
  state: { readonly accepting: boolean; readonly port: number },
  watchers: Watchers,
): void {
  const { config, clock, logger, systemPool } = deps;
  const publicUrl = () => publicUrls.controlPlane;
  app.disable('x-powered-by');
  app.disable('etag');
  trustProxies(app, config.controlPlane.trustProxy);
  app.use(correlate, securityHeaders(publicUrl));
  app.use(publicRoutes(config, clock, systemPool, state, publicUrls));
  app.use(setupRoutes());
  app.use(
    '/graphql',
    refuseForeignOrigin(() => ownOrigins(config, state.port), watchers.refusals),
    readGraphqlBody(config),
    sessionMiddleware(deps, publicUrl),
    identify(deps, watchers),
  );
  // Before Nest's own, which would answer a failure of the steps above in another shape.
  app.use(answerFailures(logger));
}
