"""The handlers of `local.resources` as Pulumi providers, served in the driver's own process."""
