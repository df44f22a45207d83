// Loaded into the demo's MCP server with `--import`: that server listens on every network interface and has no setting
// for it, and a demo must not open a machine to its network.
import { Server } from 'node:net';

const listen = Reflect.get(Server.prototype, 'listen') as (...args: unknown[]) => Server;

Server.prototype.listen = function listenOnLoopback(this: Server, ...args: unknown[]): Server {
  const [port, host] = args;
  const isPort = typeof port === 'number' || (typeof port === 'string' && /^\d+$/.test(port));
  if (isPort && typeof host !== 'string') args.splice(1, 0, '127.0.0.1');
  return Reflect.apply(listen, this, args);
};
