import { DomainError } from '#kernel';
import { LATEST_MODERN_VERSION, STREAM_VERSIONS } from '../era/protocol-versions.js';
import { memberValue } from '../json/json-text.js';
import type { UpstreamReply } from '../upstream/upstream-reply.js';
import { INITIALIZED, initializeRequest, readInitializeAnswer } from '../upstream/initialize.js';
import { MultiplexedCalls, type Wire } from '../upstream/multiplexed-calls.js';
import { unsupportedVersion } from '../upstream/refusals.js';
import { upstreamError, type StdioConnection } from '../upstream/upstream-connection.js';
import type { UpstreamIdentity } from '../upstream/upstream-identity.js';
import type { LinkOptions, LinkRequest, UpstreamLink } from '../upstream/upstream-link.js';
import type { ChildEndCode, ChildListener, StdioChild } from './stdio-child.js';

const unknown: UpstreamIdentity = {
  era: 'MODERN',
  protocolVersion: LATEST_MODERN_VERSION,
  sessionId: null,
  serverInfo: null,
  capabilities: {},
  instructions: null,
  transport: 'STDIO',
};

/** Line ends inside a message, which only white space of the JSON can be, would cut it in two. */
function oneLine(body: Buffer | string): Buffer | string {
  if (!body.includes('\n') && !body.includes('\r')) return body;
  return body.toString('utf8').replace(/[\r\n]+/g, ' ');
}

/** An upstream that is a child process of ours, which one owner or all of them use. */
export class StdioLink implements UpstreamLink, Wire, ChildListener {
  identity = unknown;
  initializeResult: string | null = null;
  closed = false;
  readonly name: string;
  readonly timeoutMs: number;
  readonly maxRequestMs: number | undefined;
  private readonly calls: MultiplexedCalls;
  private readonly child: StdioChild;
  private readonly idleTimer: NodeJS.Timeout;
  private isClosing = false;

  constructor(
    private readonly connection: StdioConnection,
    private readonly options: LinkOptions,
  ) {
    this.name = connection.name;
    this.timeoutMs = connection.timeoutMs;
    this.maxRequestMs = connection.maxRequestMs;
    this.calls = new MultiplexedCalls(this, options.unsolicited);
    this.child = connection.children.spawn(connection, options.userId);
    this.idleTimer = setTimeout(() => this.onIdle(), connection.children.idleMs);
    this.idleTimer.unref();
    this.child.listen(this);
  }

  nextId(): number {
    return this.calls.nextId();
  }

  call(request: LinkRequest): Promise<UpstreamReply> {
    if (this.closed) return Promise.reject(this.exited('has ended'));
    this.idleTimer.refresh();
    return this.calls.call(request);
  }

  callOrStream(request: LinkRequest): Promise<UpstreamReply> {
    return this.call(request);
  }

  async notify(text: string): Promise<void> {
    await this.send(text).catch(() => undefined);
  }

  listen(): void {
    // The child speaks when it likes.
  }

  async close(): Promise<void> {
    this.isClosing = true;
    this.onEnd('was stopped');
    await this.child.kill();
  }

  send(body: Buffer | string): Promise<void> {
    if (!this.closed && this.child.write(oneLine(body))) return Promise.resolve();
    const why = this.closed ? 'has ended' : 'does not read what it is sent';
    return Promise.reject(this.exited(why));
  }

  onLine(line: Buffer): void | Promise<void> {
    return this.calls.take(line.toString('utf8'), line);
  }

  onEnd(why: string, code: ChildEndCode = 'UPSTREAM_PROCESS_EXITED'): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.idleTimer);
    this.calls.failAll(this.exited(why, code));
    if (!this.isClosing) this.options.onClosed?.();
  }

  /** Notes what was agreed with the process. */
  speak(identity: UpstreamIdentity): void {
    this.identity = identity;
  }

  /** The legacy handshake. A refusal is an UpstreamRpcError. */
  async initialize(): Promise<void> {
    const { client, signal } = this.options;
    const id = this.nextId();
    const request = { id, headers: {}, body: initializeRequest(id, client), method: 'initialize', signal };
    const answer = await this.calls.call(request);
    const identity = readInitializeAnswer(this.connection, answer, 'STDIO');
    if (!STREAM_VERSIONS.includes(identity.protocolVersion))
      throw unsupportedVersion(this.connection, [identity.protocolVersion]);
    this.identity = identity;
    this.initializeResult = memberValue(answer.text, 'result');
    await this.send(INITIALIZED);
  }

  private onIdle(): void {
    if (this.calls.size > 0) this.idleTimer.refresh();
    else if (!this.closed) {
      this.onEnd('was stopped because nobody used it');
      void this.child.kill();
    }
  }

  private exited(why: string, code: ChildEndCode = 'UPSTREAM_PROCESS_EXITED'): DomainError {
    return upstreamError(
      code,
      this.connection,
      `runs as a process that ${why}. Look at the log (level debug) for what it wrote, and run the command by hand.`,
    );
  }
}
