import { connect } from 'node:net';
import { Client } from 'pg';

/** The SSLRequest message of the protocol: length 8, code 80877103. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Asks the server whether it has TLS; rejects when it does not answer. */
function serverHasTls(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.setTimeout(timeoutMs || 30_000, () => socket.destroy(new Error('timeout expired')));
    socket.once('connect', () => socket.write(sslRequest));
    socket.once('data', (answer) => {
      resolve(answer.toString('latin1', 0, 1) === 'S');
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('Connection terminated unexpectedly')));
  });
}

/** The two fields of pg's client that decide on TLS; pg has no option for `sslmode=prefer`. */
interface TlsSwitch {
  ssl: unknown;
  connection: { ssl: unknown };
}

/** A client class for `sslmode=prefer`: asks once whether the server has TLS, and asks again after a failure. */
export function preferTlsClient(timeoutMs: number): typeof Client {
  let hasTls: boolean | undefined;

  class PreferTlsClient extends Client {
    override connect(): Promise<Client>;
    override connect(callback: (error: Error) => void): void;
    override connect(callback?: (error: Error) => void): Promise<Client> | void {
      const attempt = this.#negotiateAndConnect();
      if (!callback) return attempt;
      // pg's callback takes no error on success, which its types do not say.
      attempt.then(
        () => process.nextTick(callback),
        (error: Error) => process.nextTick(callback, error),
      );
    }

    async #negotiateAndConnect(): Promise<Client> {
      try {
        hasTls ??= await serverHasTls(this.host, this.port, timeoutMs);
        if (!hasTls) {
          const inner = this as unknown as TlsSwitch;
          inner.ssl = false;
          inner.connection.ssl = false;
        }
        await super.connect();
        return this;
      } catch (error) {
        hasTls = undefined;
        throw error;
      }
    }
  }
  return PreferTlsClient;
}
