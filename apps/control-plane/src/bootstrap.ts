import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DomainError } from '#kernel';
import { NestLogger } from '#observability';
import { ControlPlaneModule } from './control-plane.module.js';
import type { ControlPlaneDeps } from './dependencies.js';
import { installRoutes } from './http/install-routes.js';
import { publicUrlsOf } from './http/public-urls.js';
import { RefusalLog } from './refusals/refusal-log.js';
import { TokenUses } from './sign-in/token-uses.js';

export type { ControlPlaneDeps } from './dependencies.js';
export { ensureFirstAdmin, type FirstAdmin } from './first-admin/ensure-first-admin.js';

/** The control plane while it runs. */
export interface RunningControlPlane {
  readonly address: { readonly host: string; readonly port: number };
  /** What `/readyz` says; false while this process is about to stop. */
  setReady(ready: boolean): void;
  /** Stops accepting, waits for requests in flight, cuts them after `deadlineMs`, and closes the container. */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * Starts the GraphQL service. It listens only when everything behind it is in place, and takes nothing from the Host header.
 * @throws DomainError PORT_IN_USE, CONFIGURATION_INVALID
 */
export async function startControlPlane(deps: ControlPlaneDeps): Promise<RunningControlPlane> {
  const { config, logger } = deps;
  const { host } = config.controlPlane;
  const state = { accepting: true, port: config.controlPlane.port };
  const publicUrls = publicUrlsOf(config, () => state.port);
  const refusals = new RefusalLog(deps);
  const app = await NestFactory.create<NestExpressApplication>(ControlPlaneModule.of(deps, publicUrls, refusals), {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: false,
  });
  const tokenUses = new TokenUses(deps.identities, deps.clock, logger);
  installRoutes(app, deps, publicUrls, state, { tokenUses, refusals });
  await app.init();
  const server: Server = app.getHttpServer();
  state.port = await listen(server, state.port, host);
  return {
    address: { host, port: state.port },
    setReady: (ready) => void (state.accepting = ready),
    stop: async (deadlineMs) => {
      await stop(app, server, deadlineMs);
      await Promise.all([tokenUses.close(), refusals.close()]);
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFailure(error, port, host)));
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function listenFailure(error: NodeJS.ErrnoException, port: number, host: string): DomainError {
  if (error.code === 'EADDRINUSE') {
    return new DomainError(
      'PORT_IN_USE',
      `Port ${port} on ${host} is in use by another program. Stop it, or set GATEHOUSE_CONTROL_PLANE_PORT to a free port.`,
      { field: 'GATEHOUSE_CONTROL_PLANE_PORT', cause: error },
    );
  }
  return new DomainError(
    'CONFIGURATION_INVALID',
    `The control plane cannot listen on ${host}:${port} (${error.code ?? error.message}). Correct GATEHOUSE_CONTROL_PLANE_HOST or GATEHOUSE_CONTROL_PLANE_PORT.`,
    { field: 'GATEHOUSE_CONTROL_PLANE_HOST', cause: error },
  );
}

async function stop(app: NestExpressApplication, server: Server, deadlineMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), deadlineMs);
  await closed;
  clearTimeout(cut);
  await app.close();
}
