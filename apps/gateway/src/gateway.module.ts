import { Module, type DynamicModule } from '@nestjs/common';
import { createAddressGuard, createUpstreamPools, type UpstreamPools } from '#outbound';
import type { Gateway, GatewayParts } from './gateway.js';
import type { PublicUrls } from './http/public-urls.js';
import { RunningCalls } from './pipeline/running-calls.js';
import { programVersion } from './program-version.js';
import { LegacySessions } from './upstream-pool/legacy-sessions.js';
import { UpstreamCaller } from './upstream-pool/upstream-caller.js';
import { UpstreamConnections } from './upstream-pool/upstream-connections.js';

/** Injection token of what was handed in at start. */
const PARTS = Symbol('parts');
/** Injection token of name and version of this program. */
const SERVER_INFO = Symbol('server info');
/** Injection token of the connections to upstreams. */
export const UPSTREAM_POOLS = Symbol('upstream pools');
/** Injection token of everything that the steps of a call work with. */
export const GATEWAY = Symbol('gateway');

const openPools = ({ config }: GatewayParts): UpstreamPools =>
  createUpstreamPools({
    guard: createAddressGuard(config.outbound.allowedHosts),
    connectTimeoutMs: config.outbound.connectTimeout,
    connections: config.outbound.poolConnections,
  });

const openSessions = ({ config }: GatewayParts): LegacySessions =>
  new LegacySessions({ max: config.gateway.maxUpstreamSessions, idleMs: config.gateway.upstreamSessionIdle });

/** Wires the gateway. It declares no controller: requests are served by one handler on plain node:http. */
@Module({})
export class GatewayModule {
  static of(parts: GatewayParts, urls: PublicUrls): DynamicModule {
    return {
      module: GatewayModule,
      providers: [
        { provide: PARTS, useValue: parts },
        { provide: SERVER_INFO, useValue: { name: 'gatehouse', version: programVersion() } },
        { provide: UPSTREAM_POOLS, inject: [PARTS], useFactory: openPools },
        { provide: LegacySessions, inject: [PARTS], useFactory: openSessions },
        {
          provide: UpstreamConnections,
          inject: [UPSTREAM_POOLS, SERVER_INFO],
          useFactory: (pools: UpstreamPools, serverInfo: Gateway['serverInfo']) =>
            new UpstreamConnections(parts.config, parts.keyring, pools, serverInfo),
        },
        {
          provide: UpstreamCaller,
          inject: [UpstreamConnections, LegacySessions, SERVER_INFO],
          useFactory: (connections: UpstreamConnections, sessions: LegacySessions, info: Gateway['serverInfo']) =>
            new UpstreamCaller(connections, sessions, info),
        },
        RunningCalls,
        {
          provide: GATEWAY,
          inject: [UpstreamCaller, RunningCalls, SERVER_INFO],
          useFactory: (
            upstreams: UpstreamCaller,
            running: RunningCalls,
            serverInfo: Gateway['serverInfo'],
          ): Gateway => ({
            ...parts,
            urls,
            upstreams,
            running,
            serverInfo,
            state: { draining: false },
          }),
        },
      ],
    };
  }
}
