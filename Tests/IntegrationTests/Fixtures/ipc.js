// A worker written for PM2's wait_ready: it says so over the IPC channel, when it is.
'use strict';
const http = require('node:http');

const server = http.createServer((request, response) => response.end('ok'));
setTimeout(() => server.listen({ fd: 3 }, () => process.send('ready')), Number(process.argv[2] ?? 0));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
