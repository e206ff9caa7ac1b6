// Beside each page: the width of the window, and the time zone.
        ...{ x: innerWidth, z: Intl.DateTimeFormat().resolvedOptions().timeZone },
