// What the structure check reads in a TypeScript file: its imports, its names, its top-level declarations.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

const parsed = new Map()

/** The syntax tree of a file. Each file is parsed once a run. */
export function syntaxOf(path) {
  const known = parsed.get(path)
  if (known) return known
  const tree = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext, true)
  parsed.set(path, tree)
  return tree
}

/**
 * The modules that a file imports or exports from, dynamic imports too. `typeOnly` is an import that is erased when it
 * is compiled.
 *
 * @returns {{ specifier: string, typeOnly: boolean }[]}
 */
export function importsOf(path) {
  const imports = []
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) {
      imports.push({ specifier: node.moduleSpecifier.text, typeOnly: node.importClause?.isTypeOnly ?? false })
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      imports.push({ specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments
      if (specifier && ts.isStringLiteralLike(specifier)) imports.push({ specifier: specifier.text, typeOnly: false })
    }
    ts.forEachChild(node, visit)
  }
  visit(syntaxOf(path))
  return imports
}

/** Every name, text and pattern of a file, with its line: all that is code, so no comment. */
export function wordsOf(path) {
  const tree = syntaxOf(path)
  const words = []
  const visit = (node) => {
    if (typeof node.text === 'string' && node !== tree) {
      words.push({ text: node.text, line: tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return words
}

/**
 * The top-level declarations of a file in order. An assignment to a member, as in `acme.fromEnv = …`, counts as one.
 *
 * @returns {{ name: string, kind: 'type' | 'value', exported: boolean }[]}
 */
export function declarationsOf(path) {
  return syntaxOf(path).statements.flatMap((statement) => {
    const exported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false
    return namesOf(statement).map((name) => ({ name, kind: kindOf(statement), exported }))
  })
}

function kindOf(statement) {
  return ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) ? 'type' : 'value'
}

function namesOf(statement) {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText())
  }
  if (ts.isExpressionStatement(statement) && ts.isBinaryExpression(statement.expression)) {
    const { left } = statement.expression
    return ts.isPropertyAccessExpression(left) ? [left.name.text] : []
  }
  return statement.name ? [statement.name.text] : []
}

/**
 * The files of a package that an entry leads to.
 *
 * @param entries - absolute paths
 * @param options - `values`: only by imports that are left when it is compiled; `aliases`: what `#names` stand for
 * @returns {Set<string>}
 */
export function reachedFrom(entries, { values = false, aliases = {} } = {}) {
  const reached = new Set()
  const open = [...entries]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path) || !ts.sys.fileExists(path)) continue
    reached.add(path)
    for (const { specifier, typeOnly } of importsOf(path)) {
      if (values && typeOnly) continue
      if (specifier.startsWith('.')) open.push(join(dirname(path), specifier))
      else open.push(...(aliases[specifier] ?? []))
    }
  }
  return reached
}
