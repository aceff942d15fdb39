"""http://<host>.localhost:8080 for each host of the local stacks: Route 53, load balancer, task."""

from local.front_door.process import FrontDoor, NoAnswerError

__all__ = ["FrontDoor", "NoAnswerError"]
