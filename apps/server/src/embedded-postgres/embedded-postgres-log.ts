/** Where the embedded server's own log lines go; a pino logger fits. */
export interface EmbeddedPostgresLog {
  debug(message: string): void;
  warn(message: string): void;
}
