/** What an endpoint is in the audit log; the aggregate is no row. */
export const endpointSubjects = { 'virtual-server': 'VirtualServer', upstream: 'Upstream', aggregate: null } as const;
