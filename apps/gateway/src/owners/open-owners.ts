import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '#config';
import { randomToken, type Keyring } from '#crypto';
import { newId, systemClock } from '#kernel';
import type { Logger, Metrics } from '#observability';
import { createPeerPool, type PeerRequest } from '#outbound';
import type { DatabasePool } from '#postgres';
import type { Exchange } from '../http/exchange.js';
import type { PublicUrls } from '../http/public-urls.js';
import { CallError } from '../pipeline/call-error.js';
import { readBody } from '../pipeline/read-body.js';
import { handOver, type HandOver, type HandOverOutcome } from './hand-over.js';
import { listenForHops, type HopListener } from './hop-listener.js';
import { hopHeader, proofHeader, signHop, type HopClaims, type HopRequest } from './hop-signature.js';
import { InstanceDirectory } from './instance-directory.js';
import type { OwnerService } from './owners.js';

/** What it takes to be one of several gateway processes. */
export interface OwnersOptions {
  readonly config: Config;
  readonly keyring: Keyring;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** In the system role. */
  readonly pool: Pick<DatabasePool, 'query'>;
  readonly urls: PublicUrls;
  /** Which of the processes behind one port this is, from 1 on. */
  readonly processNumber: number;
  /** Serves a request that another process handed over, as if it had come from its client. */
  readonly serve: (exchange: Exchange) => void;
}

/** Processes of one installation are near each other; one that does not answer within this time is gone. */
const connectTimeoutMs = 2000;
/** After this process left the table: how long others, which do not know yet, may still hand requests over. */
const lingerMs = 250;

/** Headers of a request that end at this process, or that only we may set. */
const ownHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'content-length',
  'transfer-encoding',
  'te',
  'upgrade',
  'expect',
  'x-request-id',
  hopHeader,
  proofHeader,
]);

function passedOn({ request: { rawHeaders }, requestId }: Exchange): string[] {
  const passed = ['x-request-id', requestId];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!ownHeaders.has(name.toLowerCase())) passed.push(name, rawHeaders[at + 1] ?? '');
  }
  return passed;
}

/** Whose a request is, and what its owner is told of it. */
interface Way {
  readonly ownerId: string;
  readonly address: string;
  readonly isCounted: boolean;
}

interface Running {
  readonly hop: HandOver;
  readonly ownerId: string;
  readonly isStream: boolean;
}

/** The running side of {@link OwnerService}; opened by {@link openOwners}. */
class GatewayOwners implements OwnerService {
  readonly #running = new Set<Running>();
  #isDraining = false;

  constructor(
    readonly selfId: string,
    private readonly options: OwnersOptions,
    private readonly directory: InstanceDirectory,
    private readonly listener: HopListener,
    private readonly peers = createPeerPool({ key: options.keyring.key('hop-transport'), connectTimeoutMs }),
  ) {}

  async forward(exchange: Exchange, ownerId: string, body: Buffer | null, isCounted = false): Promise<boolean> {
    // One hop only: the process that was asked is the owner, or nobody is.
    if (exchange.handedOver !== null || ownerId === this.selfId) return false;
    const address = await this.directory.addressOf(ownerId);
    if (address === null) return false;
    const bytes = body ?? (await readBody(exchange.request, this.options.config.mcp.maxBody));
    // Nobody is left to be told anything.
    if (exchange.response.destroyed) return true;
    const outcome = await this.#handOver(exchange, { ownerId, address, isCounted }, bytes);
    if (outcome === 'unsendable')
      throw new CallError('MALFORMED_REQUEST', 'A header of the request is malformed or comes twice.', { status: 400 });
    this.options.metrics.gatewayHop(outcome === 'done' ? 'forwarded' : 'owner-gone');
    if (outcome === 'unreachable') {
      this.directory.forget(ownerId);
      this.peers.forget(address);
    } else if (outcome === 'unproven')
      this.options.logger.warn({ origin: address }, 'a gateway process did not prove itself: keys, clocks or address?');
    return outcome === 'done';
  }

  endStreams(): void {
    this.#isDraining = true;
    for (const one of this.#running) if (one.isStream) one.hop.end();
  }

  /** Cuts what waits for processes that are gone. */
  endLost(): void {
    for (const { hop, ownerId } of this.#running) if (!hop.isAnswered && !this.directory.has(ownerId)) hop.end();
  }

  async stopServing(): Promise<void> {
    this.endStreams();
    await this.directory.stop();
    if (this.directory.size > 0) await delay(lingerMs);
    this.listener.stop();
  }

  async close(): Promise<void> {
    this.listener.cut();
    await this.peers.close();
  }

  async #handOver(exchange: Exchange, { address, ownerId, isCounted }: Way, body: Buffer): Promise<HandOverOutcome> {
    const { request: signed, proof } = this.#sign(exchange, { to: ownerId, isCounted }, body);
    const isDraining = () => this.#isDraining;
    const attempt = async (): Promise<HandOverOutcome> => {
      const hop = handOver(this.peers, address, signed, { proof, isDraining, exchange });
      const running: Running = { hop, ownerId, isStream: exchange.request.method === 'GET' };
      this.#running.add(running);
      try {
        return await hop.outcome;
      } finally {
        this.#running.delete(running);
      }
    };
    const first = await attempt();
    // A connection that was kept alive may end just as it is used again. What the owner has seen it does not take a
    // second time, because the signature is the same: so nothing is ever done twice.
    return first === 'broken' ? attempt() : first;
  }

  #sign(
    exchange: Exchange,
    { to, isCounted }: Pick<HopClaims, 'to' | 'isCounted'>,
    body: Buffer,
  ): { request: PeerRequest; proof: string } {
    const { keyring, urls } = this.options;
    const { method = 'GET', url: path = '/' } = exchange.request;
    const request: HopRequest = { method, path, headers: passedOn(exchange) };
    const claims = {
      from: this.selfId,
      to,
      at: systemClock.now(),
      nonce: randomToken(16),
      ip: exchange.ip,
      publicUrl: urls.byHost(exchange.request.headers.host) ?? urls.all[0] ?? '',
      isCounted,
    };
    const { header, proof } = signHop(keyring, request, claims, body);
    const headers = [...request.headers, hopHeader, header];
    return { request: { method, path, headers, body: body.length === 0 ? null : body }, proof };
  }
}

/**
 * Makes this process one of the gateway processes of the installation: it registers, listens for requests that others
 * hand over, and can hand over requests itself. `stopServing()` and then `close()` end it.
 * @throws DomainError PORT_IN_USE, CONFIGURATION_INVALID, DATABASE_UNAVAILABLE
 */
export async function openOwners(options: OwnersOptions): Promise<OwnerService> {
  const { config, logger, pool } = options;
  const selfId = newId();
  const listener = await listenForHops({ ...options, selfId, clock: systemClock });
  const beatMs = config.gateway.heartbeat;
  const directory = new InstanceDirectory({ pool, selfId, address: listener.address, beatMs, logger });
  const owners = new GatewayOwners(selfId, options, directory, listener);
  try {
    await directory.start(() => owners.endLost());
  } catch (error) {
    await directory.stop();
    await owners.close();
    throw error;
  }
  return owners;
}
