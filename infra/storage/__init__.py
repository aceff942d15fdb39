"""What tasks write to: file systems that outlive them, and volumes of their own."""
