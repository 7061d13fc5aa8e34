"""Where the book is published: every address in it is made here, from three settings of `_config.yml`.

`book_page_repository`, `book_page_branch` and `book_page_site` are the only places that name one. Both
addresses may be empty, and are as long as nobody has chosen them; then nothing that needs them is shown.
"""

from urllib.parse import quote, urlencode, urlsplit

BINDER, COLAB = "https://mybinder.org", "https://colab.research.google.com"
UNKNOWN = "https://github.com/ORGANISATION/REPOSITORY"  # stands in examples as long as there is no address


def repository_url(text):
    """Return a repository's address without a final slash or `.git`, or "" if there is none."""
    url = text.strip().rstrip("/").removesuffix(".git")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or parts.path.count("/") < 2 or not parts.netloc):
        raise ValueError(f"book_page_repository must look like {UNKNOWN} or be empty, got {text!r}")
    return url


def site_url(text):
    """Return the site's address with a final slash, or "" if there is none."""
    url = text.strip()
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise ValueError(f"book_page_site must look like https://host/folder/ or be empty, got {text!r}")
    return f"{url.rstrip('/')}/" if url else ""


def host(repository):
    """Return "github", "gitlab" or, for any other host, "git"."""
    name = urlsplit(repository).hostname
    return {"github.com": "github", "gitlab.com": "gitlab"}.get(name, "git")


def owner_and_name(repository):
    """Return what stands behind the host, such as "organisation/book"."""
    return urlsplit(repository).path.strip("/")


def binder(repository, branch, path):
    """Return the link that starts a machine on Binder and opens a file there in JupyterLab."""
    where, branch = owner_and_name(repository), quote(branch, safe="")
    kind, name = {
        "github": ("gh", where),
        "gitlab": ("gl", quote(where, safe="")),
        "git": ("git", quote(repository, safe="")),
    }[host(repository)]
    return f"{BINDER}/v2/{kind}/{name}/{branch}?urlpath=lab/tree/{quote(path)}"


def colab(repository, branch, path):
    """Return the link that opens a notebook on Colab, which reads GitHub only; "" for other hosts."""
    if host(repository) != "github":
        return ""
    return f"{COLAB}/github/{owner_and_name(repository)}/blob/{quote(branch)}/{quote(path)}"


def install(repository, branch):
    """Return the line that gives a notebook the library, wherever the notebook runs."""
    return f'%pip install "cnnlib[book] @ git+{repository}@{branch}"'


def view(repository, branch, path):
    """Return the link under which a file can be read; "" on hosts whose form of it we do not know."""
    form = {"github": "/blob/", "gitlab": "/-/blob/"}.get(host(repository))
    return f"{repository}{form}{quote(branch)}/{quote(path)}" if form else ""


def edit(repository, branch, path):
    """Return the link that opens a file for editing; "" on hosts whose form of it we do not know."""
    form = {"github": "/edit/", "gitlab": "/-/edit/"}.get(host(repository))
    return f"{repository}{form}{quote(branch)}/{quote(path)}" if form else ""


def issue(repository, page):
    """Return the link that begins a report about a page; "" on hosts whose form of it we do not know."""
    form = {"github": ("/issues/new", "title"), "gitlab": ("/-/issues/new", "issue[title]")}
    path, key = form.get(host(repository), ("", ""))
    return f"{repository}{path}?{urlencode({key: f'On the page {page}: '}, quote_via=quote)}" if path else ""


def git_pull(hub, repository, branch, path):
    """Return the nbgitpuller link that brings the book to a reader's place on a JupyterHub."""
    folder = repository.rpartition("/")[2]
    query = {"repo": repository, "branch": branch, "urlpath": f"lab/tree/{folder}/{path}"}
    return f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{urlencode(query, quote_via=quote, safe='/')}"
