// A route in the fragment, `#/path` or `#!/path`, is a path. Its query is none of that.
        || (/^#!?\//.test(to.hash || from.hash) &&
          to.hash.split("?")[0] !== from.hash.split("?")[0])
