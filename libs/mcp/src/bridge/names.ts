/** How names in messages are shown to clients of an endpoint; null leaves them. */
export interface NameExposure {
  readonly exposeUri: ((uri: string) => string) | null;
  readonly exposeTask: ((taskId: string) => string) | null;
}

/** How names that a client sends become the upstream's own again; null leaves them, as does what is no name of ours. */
export interface NameReversal {
  readonly originalUri: ((uri: string) => string) | null;
  readonly originalTask: ((taskId: string) => string) | null;
}
