/** An address that a service listens on. */
export interface Listening {
  readonly host: string;
  readonly port: number;
}
