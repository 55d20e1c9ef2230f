import { createApi } from './app.ts'
import { serveApi } from './serve.ts'

await serveApi('', createApi)
