import { connect } from 'node:net';

/** Sends bytes as they are, and returns everything that comes back until the connection ends. */
export const rawAnswer = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (chunk) => (received += String(chunk)));
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(received));
    socket.write(bytes);
  });
