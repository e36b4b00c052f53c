"""The files and small systems around the ERP of the generated company, and what is true about them."""

from cockpit.demo.channels.fill import fill_channels, simulate_channels_day
from cockpit.demo.channels.forms import FormsReport, post_forms
from cockpit.demo.channels.truth import ChannelTruth

__all__ = ["ChannelTruth", "FormsReport", "fill_channels", "post_forms", "simulate_channels_day"]
