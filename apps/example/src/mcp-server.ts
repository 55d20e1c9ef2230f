import { createMcpApi } from './mcp.ts'
import { serveApi } from './serve.ts'

await serveApi('/mcp', createMcpApi)
