"""Let everything that needs the book's public address follow from the settings, or stay away.

A Sphinx extension, loaded by `_config.yml`. `addresses.py` says how the links look; here they get into
the pages:

* buttons for Binder, Colab, the repository, an edit and a report, when the repository is known;
* under each chapter a box that says how to run it and where its library comes from;
* the whole source of the book as one archive, so that the pages alone are enough for that;
* what a search engine or a message shows of a page: its address, title, description and picture;
* `sitemap.xml` and `robots.txt`, when the site is known;
* the directives `citation` and `address` for the pages on citing and teaching.
"""

import html
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import addresses
import citation
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ARCHIVE = "_static/convolution-forward-backward.zip"
ROOMS = (".ci", "benchmarks", "book", "cnnlib", "notebooks", "tests")
KEPT = {".cff", ".lock", ".md", ".toml", ".txt", ".yml"}  # of the files beside the rooms, and these:
NAMED = {"LICENSE", "Makefile", ".gitignore"}
CARD, CARD_SIZE = "_static/card.png", (1200, 630)
CARD_SAYS = (
    "The title of the book beside one of its widgets: an input gradient, a kernel turned by 180 degrees and "
    "the output gradients, with the sum behind one number written out."
)
FIRST = "notebooks/05-convolution-backward"  # the chapter in examples of links
NOT_LISTED = {"search", "genindex", "prf-prf"}  # lists of what stands elsewhere
RUN = """<details class="run-chapter d-print-none" id="run-this-chapter">
<summary>Run this chapter</summary>
<ul id="what-it-needs">
<li><a href="{notebook}" download="{name}">{name}</a> is this chapter as a notebook, without its outputs.</li>
<li><a href="{archive}" download>The source of the whole book</a> ({size}) holds every notebook and
<code>cnnlib</code>, the library they import. Unpack it; <code>make lab</code> in its folder installs what is
needed and opens the notebooks in JupyterLab. Without make:
<code>pip install -r requirements.txt</code>, then <code>jupyter lab notebooks</code>.</li>
{published}</ul>
</details>
"""
PUBLISHED = """<li>In your own Jupyter, or on Colab, let the first cell fetch the library:
<code>{install}</code></li>
"""


def settle(app, config):
    """Check the settings and hand them on to Sphinx; `only` blocks may ask for the two tags."""
    config.book_page_repository = addresses.repository_url(config.book_page_repository)
    config.book_page_site = addresses.site_url(config.book_page_site)
    config.html_baseurl = config.book_page_site
    if config.book_page_repository:
        app.tags.add("repository_known")
    if config.book_page_site:
        app.tags.add("site_known")


# --- buttons and the box under a chapter -----------------------------------------------------------
def link(text, url, icon, label, tooltip):
    """Return one entry of the theme's menus."""
    return {"type": "link", "text": text, "url": url, "icon": icon, "label": label, "tooltip": tooltip}


def group(tooltip, icon, label, buttons):
    """Return a menu of those entries that have an address."""
    shown = [button for button in buttons if button["url"]]
    return {"type": "group", "tooltip": tooltip, "icon": icon, "label": label, "buttons": shown}


def menus(repository, branch, page, source):
    """Return the menus that a page gets when the repository is known: launch, for a chapter, and source."""
    found, path = [], f"{page}{source}"
    if source == ".ipynb":
        binder, colab = (make(repository, branch, path) for make in (addresses.binder, addresses.colab))
        images = "_static/images/logo_"
        first = f"Open on Colab; first run {addresses.install(repository, branch)}"
        launch = [
            link("Binder", binder, f"{images}binder.svg", "binder", "Open on Binder; takes minutes to start"),
            link("Colab", colab, f"{images}colab.png", "colab", html.escape(first)),
            link("What it needs", "#what-it-needs", "fas fa-code", "needs", "How to run this chapter"),
        ]
        found.append(group("Launch interactive content", "fas fa-rocket", "launch-buttons", launch))
    icon = "fab fa-github" if addresses.host(repository) == "github" else "fas fa-code"
    to_edit = addresses.edit(repository, branch, path) if source else ""
    to_report = addresses.issue(repository, page)
    source_links = [
        link("Repository", repository, icon, "repository", "Source repository"),
        link("Suggest edit", to_edit, "fas fa-pencil", "edit", "Edit the source of this page"),
        link("Report a mistake", to_report, "fas fa-flag", "issue", "Open a report about this page"),
    ]
    return [*found, group("Source repository", icon, "source-buttons", source_links)]


def add_buttons(app, pagename, templatename, context, doctree):
    """Put the menus before the theme's own, and the box under a chapter."""
    config, source = app.config, context.get("page_source_suffix") or ""
    repository, branch = config.book_page_repository, config.book_page_branch
    if repository:
        context["header_buttons"][:0] = menus(repository, branch, pagename, source)
    if source == ".ipynb":
        archive = Path(app.outdir, ARCHIVE)
        context["body"] += RUN.format(
            name=f"{Path(pagename).name}.ipynb",
            notebook=context["pathto"](f"_sources/{context['sourcename']}", 1),
            archive=context["pathto"](ARCHIVE, 1),
            size=f"zip, {archive.stat().st_size / 1e6:.1f} MB",
            published=repository
            and PUBLISHED.format(install=html.escape(addresses.install(repository, branch))),
        )


def write_archive(app):
    """Pack the source of the book, the same bytes for the same files."""
    if app.builder.format != "html":
        return
    root, target = Path(app.srcdir), Path(app.outdir, ARCHIVE)
    files = [path for path in root.iterdir() if path.suffix in KEPT or path.name in NAMED]
    for room in ROOMS:
        files += [path for path in (root / room).rglob("*") if path.suffix != ".pyc"]
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(file for file in files if file.is_file()):
            name = path.relative_to(root)
            if any(
                part.startswith((".", "_build", "__pycache__", "node_modules")) for part in name.parts[1:]
            ):
                continue
            entry = zipfile.ZipInfo(f"{target.stem}/{name.as_posix()}", (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name.name == "run" else 0o644) << 16
            archive.writestr(entry, path.read_bytes())


# --- what others show of a page ----------------------------------------------------------------------
def attribute(text):
    """Return text for an attribute, without markup."""
    return html.escape(" ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split()))


def shared(title, says, address, picture):
    """Return the metadata from which a message makes its preview of a page."""
    tags = {"og:type": "article", "og:title": title, "og:description": says}
    if address:
        tags |= {
            "og:url": address,
            "og:image": picture,
            "og:image:width": CARD_SIZE[0],
            "og:image:height": CARD_SIZE[1],
            "og:image:alt": CARD_SAYS,
        }
    lines = [f'<meta property="{key}" content="{attribute(str(value))}" />' for key, value in tags.items()]
    if address:
        lines += [
            '<meta name="twitter:card" content="summary_large_image" />',
            f'<meta name="twitter:image:alt" content="{CARD_SAYS}" />',
        ]
    return "\n".join(lines)


def add_metadata(app, pagename, templatename, context, doctree):
    """Add the preview's metadata and the icon for a home screen; the description is the page's own."""
    tags, site = context.get("metatags", ""), app.config.book_page_site
    own = re.search(r'<meta(?=[^>]* name="description")[^>]* content="([^"]*)"', tags)
    says = html.unescape(own[1]) if own else app.config.html_title
    title = context.get("title") or app.config.html_title
    address = site + app.builder.get_target_uri(pagename) if site else ""
    icon = context["pathto"]("_static/touch-icon.png", 1)
    robots = '\n<meta name="robots" content="noindex" />' if pagename in NOT_LISTED else ""
    context["metatags"] = "\n".join([
        f"{tags}{robots}",
        f'<meta property="og:site_name" content="{attribute(app.config.html_title)}" />',
        shared(title, says, address, f"{site}{CARD}"),
        f'<link rel="apple-touch-icon" href="{icon}" />',
    ])  # fmt: skip


def write_for_robots(app, exception):
    """Write the list of pages, say where it is, and give the entry page the first page's preview."""
    site = app.config.book_page_site
    if exception or app.builder.format != "html":
        return
    out, first = Path(app.outdir), app.builder.get_target_uri(app.config.root_doc)
    head = (out / first).read_text("utf8").split("</head>")[0]
    preview = re.findall(r'<meta (?:property="og:|name="twitter:)[^>]*>|<link rel="canonical"[^>]*>', head)
    entry = (out / "index.html").read_text("utf8")
    (out / "index.html").write_text(entry.replace("</head>", "\n".join([*preview, "</head>"]), 1), "utf8")
    if site:
        pages = [app.builder.get_target_uri(page) for page in sorted(app.env.found_docs)]
        (out / "sitemap.xml").write_bytes(sitemap([site + page for page in pages]))
        (out / "robots.txt").write_text(f"User-agent: *\nAllow: /\nSitemap: {site}sitemap.xml\n", "utf8")


def sitemap(pages):
    """Return the list of pages in the form of sitemaps.org."""
    root = ElementTree.Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    for page in pages:
        ElementTree.SubElement(ElementTree.SubElement(root, "url"), "loc").text = page
    ElementTree.indent(root)
    return ElementTree.tostring(root, "utf-8", xml_declaration=True)


# --- directives ----------------------------------------------------------------------------------------
def block(text, language):
    """Return a block that readers can copy; long lines wrap."""
    return nodes.literal_block(text, text, language=language, classes=["wraps"])


class Citation(SphinxDirective):
    """Show how to cite the book, as `plain` text, `bibtex` or the `cff` file itself."""

    required_arguments = 1

    def run(self):
        """Read CITATION.cff and write it in the form that was asked for."""
        path = Path(self.env.srcdir, "CITATION.cff")
        self.env.note_dependency(str(path))
        text = path.read_text("utf8")
        where = self.config.book_page_site, self.config.book_page_repository
        if self.arguments[0] == "cff":
            return [block(text.strip(), "yaml")]
        if self.arguments[0] == "bibtex":
            return [block(citation.bibtex(citation.read(text), *where), "bibtex")]
        if self.arguments[0] == "plain":
            return [block(citation.plain(citation.read(text), *where), "none")]
        raise self.error(f"citation knows plain, bibtex and cff, not {self.arguments[0]}")


class Address(SphinxDirective):
    """Show a link as it looks for this book: `git-pull` for a JupyterHub, `install` for its library."""

    required_arguments = 1

    def run(self):
        """Make the link, with a stand-in for an address that is not known."""
        config = self.config
        repository, branch = config.book_page_repository or addresses.UNKNOWN, config.book_page_branch
        made = {
            "git-pull": addresses.git_pull("https://HUB", repository, branch, f"{FIRST}.ipynb"),
            "install": addresses.install(repository, branch),
        }
        if self.arguments[0] not in made:
            raise self.error(f"address knows {', '.join(made)}, not {self.arguments[0]}")
        return [block(made[self.arguments[0]], "none")]


def setup(app):
    """Register the settings, the steps and the directives with Sphinx."""
    app.add_config_value("book_page_repository", "", "env", str)
    app.add_config_value("book_page_branch", "main", "env", str)
    app.add_config_value("book_page_site", "", "env", str)
    app.add_directive("citation", Citation)
    app.add_directive("address", Address)
    app.connect("config-inited", settle)
    app.connect("builder-inited", write_archive)
    app.connect("html-page-context", add_buttons, priority=910)
    app.connect("html-page-context", add_metadata, priority=920)
    app.connect("build-finished", write_for_robots, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
